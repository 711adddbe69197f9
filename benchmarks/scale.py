"""Measure `kerastl classify` into parts at scale: memory, a restart, shards, and a simulation compared with them.

    python benchmarks/scale.py [--images 1000 20000] [--model kerastl_mini] [--folder FOLDER] [--part-size 512]

Links to the images of a folder stand for very many files, a thousand in each of many folders. Given are the wall clock,
seconds of processor, which hold on a machine that does other things too, and the most memory. The simulation of
`benchmarks/scale_simulation.py` gets its constants from pieces that are measured alone: reading and decoding, the
network, the listing, the start.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from scale_simulation import Machine, Store, Work, simulate

import kerastl
from kerastl._paths import expand
from kerastl.images import IMAGE_SUFFIXES
from kerastl.inference._engines import cores
from kerastl.results._shard import Shard

ROOT = Path(__file__).parents[1]
IN_A_FOLDER = 1000


@dataclass(frozen=True)
class Run:
    """What a process took.

    Args:
        wall: Seconds by the clock.
        cpu: Seconds of processor.
        megabytes: The most memory.
    """

    wall: float
    cpu: float
    megabytes: float


def linked(images: list[Path], count: int, folder: Path) -> Path:
    """Make so many links, a thousand a folder."""
    for number in range(count):
        within = folder / f"{number // IN_A_FOLDER:05d}"
        within.mkdir(parents=True, exist_ok=True)
        (within / f"{number:08d}.jpg").symlink_to(images[number % len(images)])
    return folder


def command(arguments: argparse.Namespace, source: Path, output: Path, *more: str) -> list[str]:
    """What classifies a folder into parts."""
    kerastl_command = [sys.executable, "-m", "kerastl", "classify", str(source), "--model", arguments.model, "--quiet"]
    return [*kerastl_command, "--format", "parquet", "--part-size", str(arguments.part_size), "-o", f"{output}/", *more]


def finished(process: subprocess.Popen[bytes], start: float) -> Run:
    """Wait for a process."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, -signal.SIGKILL)
    return Run(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def run(call: list[str]) -> Run:
    """Run a process to its end."""
    start = time.perf_counter()
    return finished(subprocess.Popen(call), start)


def done(output: Path) -> int:
    """Images that the manifest tells of."""
    try:
        return json.loads((output / "_manifest.json").read_text())["rows"]
    except FileNotFoundError:
        return 0


def killed(call: list[str], output: Path, count: int) -> int:
    """Run a process, and kill it when so many images are done; how many were."""
    start = time.perf_counter()
    process = subprocess.Popen(call)
    while done(output) < count:
        time.sleep(0.02)
    process.kill()
    finished(process, start)
    return done(output)


def pieces(arguments: argparse.Namespace, images: list[Path], source: Path) -> dict[str, float]:
    """Seconds of processor that the steps take an image, each measured alone."""
    classifier = kerastl.load(arguments.model, verbose=0)
    some = (images * (200 // len(images) + 1))[:200]
    clock = time.process_time()
    pixels = [classifier.pixels(path) for path in some]
    decode = (time.process_time() - clock) / len(some)
    clock = time.process_time()
    for each in pixels:
        classifier.predict_pixels(each[None])
    network = (time.process_time() - clock) / len(some)
    shard, clock = Shard(1, 2), time.process_time()
    names = [shard.has(name) for name in expand([str(source)])]
    return {"decode": decode, "network": network, "list": (time.process_time() - clock) / len(names)}


def main() -> None:
    """Print each measurement, and what the simulation says of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, nargs="+", default=[1000, 20000])
    parser.add_argument("--model", default="kerastl_mini")
    parser.add_argument("--folder", type=Path, default=ROOT / "data" / "shapes")
    parser.add_argument("--part-size", type=int, default=512)
    arguments = parser.parse_args()
    images = sorted(path.absolute() for path in arguments.folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run(command(arguments, images[0], folder / "warm"))  # compiles
        for count in arguments.images:
            source = linked(images, count, folder / f"images-{count}")
            taken = run(command(arguments, source, folder / f"out-{count}"))
            print(
                f"{count:8,} images: {taken.wall:7.1f} s, {count / taken.wall:6.0f} a second; "
                f"{1e3 * taken.cpu / count:6.2f} ms of processor each; {taken.megabytes:6.1f} MB at most",
                flush=True,
            )
        step = pieces(arguments, images, source)
        print("alone: " + ", ".join(f"{name} {1e3 * seconds:.3f} ms" for name, seconds in step.items()), flush=True)
        start = run(command(arguments, images[0], folder / "one"))
        print(f"start, and one image: {start.wall:.2f} s, {start.cpu:.2f} s of processor", flush=True)
        size = sum(path.stat().st_size for path in images) / len(images)
        cpu = step["decode"] + step["network"]
        work = Work(count, cpu, size, arguments.part_size, step["list"])
        machine = Machine(cores(), start.wall, 1e12, hours_between_failures=1e9)
        predicted = simulate(work, machine, Store(1e12, 1e12), 1).seconds
        busy = start.cpu + count * (cpu + step["list"])
        print(
            f"simulated: {predicted:.1f} s where nothing else runs, {busy:.1f} s of processor; measured {taken.cpu:.1f}"
        )

        call = command(arguments, source, folder / "killed")
        before = killed(call, folder / "killed", count // 2)
        again = run(call)
        rest = (count - before) * taken.cpu / count
        print(
            f"killed after {before:,}: the rest took {again.cpu:.1f} s of processor, {again.cpu - rest:+.1f} s beyond "
            f"its share; a part takes {arguments.part_size * taken.cpu / count:.1f}, a start {start.cpu:.1f}",
            flush=True,
        )
        nothing = run(call)
        print(f"nothing left to do: {nothing.wall:.1f} s, {nothing.megabytes:.1f} MB", flush=True)

        clock = time.perf_counter()
        calls = [command(arguments, source, folder / "halves", "--shard", f"{index}/2") for index in (1, 2)]
        both = [finished(process, clock) for process in [subprocess.Popen(call) for call in calls]]
        wall = max(half.wall for half in both)
        cpu = sum(half.cpu for half in both)
        print(f"two shards: {wall:.1f} s, {count / wall:.0f} a second; {cpu:.1f} s of processor")


if __name__ == "__main__":
    main()
