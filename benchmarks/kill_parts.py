"""Kill `kerastl classify` at random moments, again and again, and see that each image has one row in the end.

    python benchmarks/kill_parts.py [--kills 200] [--images 60] [--part-size 7] [--seed 0]

A run over links to the images of `data/shapes` goes into two shards of a folder, format by format; each process is
killed after a random time, which ends at every stage from its start to the last rename, and begun anew until it gets
through. Then the folder must be the same, byte for byte, as one that was never interrupted.
"""

from __future__ import annotations

import argparse
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kerastl.results import open_results

ROOT = Path(__file__).parents[1]
SHARDS = ("1/2", "2/2")
FORMATS = ("parquet", "csv", "jsonl")


def linked(count: int, folder: Path) -> None:
    """Make so many links to images."""
    images = sorted((ROOT / "data" / "shapes").rglob("*.jpg"))
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:05d}.jpg").symlink_to(images[number % len(images)])


def command(form: str, shard: str, output: Path, part_size: int) -> list[str]:
    """What runs a shard."""
    kerastl = [sys.executable, "-m", "kerastl", "classify", "images", "--model", "kerastl_mini", "--quiet"]
    return [*kerastl, "--format", form, "--shard", shard, "--part-size", str(part_size), "--output", f"{output}/"]


def contents(folder: Path) -> dict[str, bytes]:
    """What is in a folder; hidden files are those that killed processes left, which the next ones remove."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.name[0] != "."}


def killed_until_done(call: list[str], folder: Path, moments: random.Random, seconds: float) -> int:
    """Begin a process anew until one gets through; how many were killed. Moments are late where none came far."""
    kills, longest, before = 0, seconds, -1
    while True:
        output = folder / call[-1]
        if (rows := sum(len(file.read_bytes()) for file in output.glob("_done*.keys"))) == before:
            longest *= 1.2
        else:
            longest, before = seconds, rows
        process = subprocess.Popen(call, cwd=folder)
        try:
            process.wait(moments.uniform(0, longest))
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
        if code == 0:
            return kills
        assert code == -signal.SIGKILL, f"it ended with {code}"
        kills += 1


def check(whole: Path, output: Path, count: int) -> None:
    """Compare a folder with one that was never interrupted, and count its rows."""
    assert contents(output) == contents(whole), f"{output} is not {whole}"
    results = open_results(output)
    paths = [row["path"] for row in results]
    assert results.complete
    assert len(paths) == len(set(paths)) == count, f"{output} has {len(paths)} rows of {len(set(paths))} images"


def main() -> None:
    """Print how many processes were killed, and that nothing was lost or double."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--images", type=int, default=60)
    parser.add_argument("--part-size", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    moments, kills, runs = random.Random(arguments.seed), 0, 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        linked(arguments.images, folder / "images")
        seconds = 0.0
        for form in FORMATS:
            for shard in SHARDS:
                start = time.perf_counter()
                call = command(form, shard, Path(f"whole-{form}"), arguments.part_size)
                subprocess.run(call, cwd=folder, check=True)
                seconds = time.perf_counter() - start
        while kills < arguments.kills:
            form, output = FORMATS[runs % len(FORMATS)], Path(f"killed-{runs}")
            for shard in SHARDS:
                call = command(form, shard, output, arguments.part_size)
                kills += killed_until_done(call, folder, moments, seconds)
            check(folder / f"whole-{form}", folder / output, arguments.images)
            runs += 1
            print(f"{kills} processes were killed in {runs} runs, the last into {form}", flush=True)
    print(f"{kills} processes were killed in {runs} runs of {arguments.images} images: none lost, none double")


if __name__ == "__main__":
    main()
