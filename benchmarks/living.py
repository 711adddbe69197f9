"""Forgetting, relabeling and learning images of a finished run, against solving the head from scratch.

    python benchmarks/living.py [--images 4000] [--widths 6656,1280] [--mirrored] [--refit] [--repeat 3]

A run of `kerastl finetune` on a small network is made from a few images of noise, and the features that it kept are
replaced by made-up ones of as many images as are asked for. Then one image is forgotten, one relabeled, and a class of
40 images added, each by a `kerastl` process of its own, and likewise with `--refit`, which solves the head from scratch
and chooses everything again. The first change finds no sums and computes them. Processor seconds and wall time are
those of the whole process, start of Python included; one JSON line each. Computing the features of new images takes as
long as their network does, which is next to nothing here.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

KNOWN, NEW, SIDE = 6, 40, 64


def draw(folder: Path, count: int, seed: int) -> list[Path]:
    """Images of noise."""
    from PIL import Image

    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)
    files = [folder / f"{number}.jpg" for number in range(count)]
    for file in files:
        Image.fromarray(random.integers(0, 256, (SIDE, SIDE, 3), np.uint8)).save(file)
    return files


def network(width: int):
    """A small network that gives so many features."""
    import keras

    keras.utils.set_random_seed(0)
    pixels = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
    x = keras.layers.Conv2D(16, 3, 4, "same", activation="relu", name="lower")(x)
    x = keras.layers.Conv2D(width, 3, 4, "same", activation="relu", name="upper")(x)
    return keras.Model(pixels, x, name=f"small_{width}")


def make_run(folder: Path, width: int, options: argparse.Namespace) -> None:
    """A run on `options.images` images, of which the first of each class are files in `folder`/data."""
    import kerastl
    from kerastl.finetuning import RECIPES
    from kerastl.finetuning._kept_features import KeptFeatures

    for label in range(options.classes):
        draw(folder / "data" / f"class_{label:02}", KNOWN, label)
    recipe = replace(RECIPES["probe"](), features="last")
    kerastl.finetune(folder / "data", network(width), recipe=recipe, output=folder / "run", verbose=0)
    file = folder / "run" / "features.npz"
    kept = KeptFeatures.read(file)
    made_up(kept, options).write(file)


def made_up(kept, options: argparse.Namespace):
    """As many rows as are asked for, in the form of those that there are, and around a center for each class."""
    random = np.random.default_rng(0)
    labels = np.sort(np.arange(options.images) % options.classes)
    width = kept.rows.shape[1]
    mixing = random.normal(size=(64, width)).astype(np.float32)
    inner = random.normal(size=(options.classes, 64))[labels] + 2.5 * random.normal(size=(len(labels), 64))

    def rows() -> np.ndarray:
        drawn = inner + 0.5 * random.normal(size=inner.shape)
        outer = drawn.astype(np.float32) @ mixing + 4 * random.normal(size=(len(labels), width)).astype(np.float32)
        return (np.sqrt(np.maximum(outer, 0)) / 10).astype(np.float16)

    hashes = random.integers(1, 2**63, len(labels), np.uint64)
    for label in range(options.classes):
        own = kept.hashes[kept.labels == label]
        hashes[np.flatnonzero(labels == label)[: len(own)]] = own
    choices = kept.choices._replace(penalty=options.penalty, changed=0, mirrored=options.mirrored)
    return replace(
        kept,
        rows=rows(),
        mirrored=rows() if options.mirrored else None,
        labels=labels,
        groups=np.arange(len(labels)),
        hashes=hashes,
        answers=labels,
        choices=choices,
    )


def timed(what: str, arguments: list[str]) -> dict[str, object]:
    """Processor seconds and wall time of a `kerastl` process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "kerastl", *arguments, "--format", "json"],
        capture_output=True,
        text=True,
    )
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr)
    used = sum(getattr(after, name) - getattr(before, name) for name in ("ru_utime", "ru_stime"))
    return {"what": what, "processor_seconds": round(used, 2), "seconds": round(wall, 2)}


def measure(folder: Path, width: int, options: argparse.Namespace) -> None:
    """Time all changes, again and again."""
    os.environ["KERASTL_CACHE"] = str(folder / "cache")  # where the frozen part is found again
    make_run(folder, width, options)
    run, data = str(folder / "run"), folder / "data"
    for turn in range(options.repeat):
        one, other = (str(data / f"class_{turn:02}" / f"{number}.jpg") for number in (0, 1))
        draw(folder / f"new_{turn}", NEW, 1_000 + turn)
        changes = {
            "forget": ["forget", run, one],
            "relabel": ["relabel", run, other, "--label", f"class_{turn + 1:02}"],
            "add-class": ["add-class", run, str(folder / f"new_{turn}")],
        }
        for what, arguments in changes.items():
            if options.refit:  # on a copy, so that the run stays the same for the change itself
                shutil.copytree(run, folder / "copy")
                again = [arguments[0], str(folder / "copy"), *arguments[2:], "--refit"]
                row = timed(f"{what} --refit", again)
                print(json.dumps({"features": width, "turn": turn, **row}), flush=True)
                shutil.rmtree(folder / "copy")
            row = timed(what, arguments)
            print(json.dumps({"features": width, "turn": turn, **row}), flush=True)


def main() -> None:
    """Measure what the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=4_000)
    parser.add_argument("--widths", default="6656,1280", help="numbers of features")
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--penalty", type=float, default=10**-3.5)
    parser.add_argument("--mirrored", action="store_true", help="features of mirrored images, too")
    parser.add_argument("--refit", action="store_true", help="time solving from scratch, too")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument(
        "--keep", type=Path, help="folder that the run is made in and stays; default is a temporary one"
    )
    options = parser.parse_args()
    for width in options.widths.split(","):
        with tempfile.TemporaryDirectory() as scratch:
            measure((options.keep or Path(scratch)) / width, int(width), options)


if __name__ == "__main__":
    main()
