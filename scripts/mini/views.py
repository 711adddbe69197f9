"""Cut views from the training images of Tiny ImageNet, and write down what teachers say about each.

    python scripts/mini/views.py TINY_IMAGENET_32.tar.xz --work FOLDER --teachers teacher.tflite ...

A network that learns from another learns more where both see the very same view, and where the views are many (Beyer
et al. 2022, "Knowledge distillation: A good teacher is patient and consistent", https://arxiv.org/abs/2106.05237). A
set has one view of each training image; some of them are mixed by cutmix. The work folder holds a file for each set,
and the same command goes on after the last of them. train.py --views takes the folder.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import images
import numpy as np
import scipy.special
from numpy.typing import NDArray

from kerastl._base.files import replacing
from kerastl.inference._engines import LiteRTEngine, Parallelism, cores

BATCH = 500
SCORED = 4
"""Views that go through a teacher together: measured, faster than 20 and than 60."""


class Views(NamedTuple):
    """Views of training images.

    Args:
        pixels: uint8, shape (n, 32, 32, 3).
        shares: Of each class in each view, by the images it was mixed from; float16, shape (n, classes).
        taught: Probabilities that the teachers give, their mean; float16, shape (n, classes).
    """

    pixels: NDArray[np.uint8]
    shares: NDArray[np.float16]
    taught: NDArray[np.float16]


def files(folder: Path) -> list[Path]:
    """The sets of a folder, in order."""
    return sorted(folder.glob("views_*.npz"))


def read(path: Path) -> Views:
    """One set."""
    with np.load(path) as arrays:
        return Views(arrays["pixels"], arrays["shares"], arrays["taught"])


def cut(
    data: images.Data, seed: int, smallest_crop: float, cutmix: float
) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """One view of each training image, in random order: the pixels and the classes' fractions of `Views`."""
    hard = np.eye(len(data.wnids), dtype=np.float16)[data.train.classes]
    feed = images.batches(data.train, hard, images.SIZE, BATCH, seed, smallest_crop, cutmix)
    parts = [
        (np.rint(pixels).astype(np.uint8), shares.astype(np.float16)) for pixels, shares in feed.as_numpy_iterator()
    ]
    return np.concatenate([pixels for pixels, _ in parts]), np.concatenate([shares for _, shares in parts])


def probabilities(teacher: Path, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What a compiled teacher gives each class, shape (n, classes)."""
    engine = LiteRTEngine(teacher, Parallelism(workers=cores(), interpreters=cores(), threads=1, batch=SCORED))
    parts: Iterator[NDArray[np.uint8]] = (pixels[start : start + SCORED] for start in range(0, len(pixels), SCORED))
    with ThreadPoolExecutor(engine.parallelism.workers) as pool:
        return scipy.special.softmax(np.concatenate(list(pool.map(engine.predict, parts))), axis=1)


def main() -> None:
    """Make the sets that are missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archive", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--teachers", type=Path, nargs="+", required=True, help="compiled by teacher.py")
    parser.add_argument("--sets", type=int, default=8)
    parser.add_argument(
        "--crop", type=float, default=0.4, help="fraction of an image's area that a view keeps at least"
    )
    parser.add_argument("--cutmix", type=float, default=0.5, help="fraction of the views that are mixed")
    parser.add_argument("--seed", type=int, default=1_000_000)
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    data = images.read(args.archive, args.work / "images.npz")
    for number in range(args.sets):
        start, path = time.perf_counter(), args.work / f"views_{number:03}.npz"
        if path.exists():
            continue
        pixels, shares = cut(data, args.seed + number, args.crop, args.cutmix)
        taught = np.mean([probabilities(teacher, pixels) for teacher in args.teachers], axis=0)
        right = np.mean(taught.argmax(axis=1) == shares.argmax(axis=1))
        with replacing(path) as whole, whole.open("wb") as file:
            np.savez(file, pixels=pixels, shares=shares, taught=taught.astype(np.float16))
        print(f"{path.name}: teachers right for {right:.1%}, {time.perf_counter() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main()
