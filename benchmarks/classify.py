"""Time `kerastl classify` against plain Keras, as whole processes, in turn.

    KERAS_HOME=... python benchmarks/classify.py one IMAGE [--runs 5]
    KERAS_HOME=... python benchmarks/classify.py folder FOLDER [--images 1000] [--runs 3]

`one` takes one image: the documentation's script against a warm kerastl. `folder` takes as many images as asked
for, repeating those of FOLDER: image_dataset_from_directory with model.predict, and the documentation's script in a
loop, against kerastl in full precision and in fast (--precision leaves one out; `one` has full only). Each line gives
the median of the runs; the ratios, against each precision, are the medians of the ratios of each turn.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, float, float]:
    """Run a command; seconds, peak memory in MiB, and seconds of processor, which other programs disturb less."""
    start = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command[:4])} failed: {errors.decode(errors='replace')[-500:]}")
    return seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime


Runs = list[tuple[float, float, float]]


def report(name: str, runs: Runs, ours: list[Runs], images: int) -> None:
    """Print one line."""
    seconds = statistics.median(run[0] for run in runs)
    processor = statistics.median(run[2] for run in runs)
    ratios = [statistics.median(run[0] / our[0] for run, our in zip(runs, each, strict=True)) for each in ours]
    memory = statistics.median(run[1] for run in runs)
    shown = "  ".join(f"{ratio:6.2f}x" for ratio in ratios)
    speed = f"{seconds:8.3f} s  {images / seconds:8.1f} images/s  {processor:8.2f} s of processor"
    print(f"{name:44} {speed}  {memory:6.0f} MiB  {shown}")


def repeated(folder: Path, count: int, target: Path) -> None:
    """Fill `target` with `count` copies of the images of `folder`."""
    suffixes = {".jpg", ".jpeg", ".png", ".bmp", ".gif"}  # what image_dataset_from_directory reads
    images = sorted(path for path in folder.rglob("*") if path.suffix.lower() in suffixes)
    if not images:
        sys.exit(f"{folder} holds no images")
    for number in range(count):
        source = images[number % len(images)]
        shutil.copyfile(source, target / f"{number:06}{source.suffix.lower()}")


def main() -> None:
    """Run what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["one", "folder"])
    parser.add_argument("source", type=Path)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--precision", choices=["full", "fast"], help="of kerastl; both if not given")
    parser.add_argument("--no-loop", action="store_true", help="leave out the documentation's script in a loop")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        environment = os.environ | {"KERASTL_CACHE": f"{temporary}/cache", "TF_CPP_MIN_LOG_LEVEL": "3"}
        ours = [str(Path(sys.executable).with_name("kerastl")), "classify"]
        if arguments.what == "one":
            runs, images, target = arguments.runs or 5, 1, arguments.source
            peers = {"documentation's script": ["documentation_script.py", str(target)]}
        else:
            runs, images, target = arguments.runs or 3, arguments.images, Path(temporary, "images")
            target.mkdir()
            repeated(arguments.source, images, target)
            peers = {
                "image_dataset_from_directory + predict(32)": ["dataset_predict.py", str(target)],
            }
            if not arguments.no_loop:
                every = map(str, sorted(target.iterdir()))
                peers["documentation's script in a loop"] = ["documentation_script.py", *every]
        names = ["full"] if arguments.what == "one" else ["full", "fast"]
        names = [arguments.precision] if arguments.precision else names
        own = {f"kerastl classify --precision {name}": [*ours, str(target), "--precision", name] for name in names}
        for command in own.values():
            measure(command, environment)  # compiles
        commands = own | {name: [sys.executable, str(HERE / script), *rest] for name, (script, *rest) in peers.items()}
        results: dict[str, Runs] = {name: [] for name in commands}
        for _ in range(runs):
            for name, command in commands.items():
                results[name].append(measure(command, environment))
        for name, measured in results.items():
            report(name, measured, [results[each] for each in own], images)


if __name__ == "__main__":
    main()
