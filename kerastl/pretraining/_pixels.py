"""The images' pixels, decoded once where they fit on the disk, else in each epoch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from kerastl.errors import DataError, ImageError
from kerastl.images import Resize, open_image
from kerastl.images._depth import BITS, white_of_all
from kerastl.images._input_size import InputSize, sides_of, size_text
from kerastl.images._loading import has_many_bits
from kerastl.images._opening import opened, reported
from kerastl.images._pillow_warnings import silenced
from kerastl.inference._engines import cores
from kerastl.inference._ordered_map import ordered_map
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache
from kerastl.training._interrupt import Stop
from kerastl.training._samples import ImageSample, PixelEngine

# Crops are taken from images this much larger than the views, if the files have the pixels.
_SURPLUS = 1.5
_SAMPLE = 200
_STORE = "pixels"
# Images that a thread decodes before it hands them over.
_BATCH = 16


class Pixels:
    """Pixels of images that can be read, by number.

    `failure` holds the error that stopped a pipeline: TensorFlow hands on its text only.

    Args:
        files: The images.
        side: Height and width in pixels to which they are cropped and scaled, or one number for both.
        problems: Numbers of images that cannot be read, and why.
        stored: uint8 `(n, height, width, 3)`, or None to decode them whenever they are asked for.
        white: The white level of images of 16 bits.
    """

    def __init__(
        self,
        files: Sequence[Path],
        side: InputSize,
        problems: dict[int, str],
        stored: np.ndarray | None = None,
        white: int | None = None,
    ) -> None:
        self._files = files
        self.side = side
        self.problems = problems
        self._stored = stored
        self.failure: DataError | None = None
        self._load = _cropped(side, white).read

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """Return uint8 `(n, height, width, 3)`, RGB, of the images with these numbers.

        Raises:
            DataError: One of them cannot be read any more.
        """
        if self._stored is not None:
            return np.asarray(self._stored[numbers])
        try:
            with ThreadPoolExecutor(cores()) as pool:
                return np.stack(list(pool.map(self._load, [self._files[number] for number in numbers])))
        except ImageError as error:
            self.failure = DataError(f"{error}; it could be read when the run began")
            raise self.failure from None


def read_pixels(
    files: Sequence[Path], size: InputSize, cache: FeatureCache, callback: RunCallback, stop: Stop | None = None
) -> Pixels:
    """Read every image once.

    Args:
        files: The images.
        size: Height and width of the views to come, or one number for both.
        cache: Keeps the pixels, if they fit.
        callback: Hears the progress.
        stop: Looked at between images; what was read is kept.

    Raises:
        DataError: The disk is full.
        Stopped: A stop was asked for.
    """
    sample = files[:: max(1, len(files) // _SAMPLE)]
    side, white = stored_side(sample, size), _white_level(sample)
    key = f"{_STORE}-{size_text(side)}" + (f"-{white}" if white else "")
    shape = (*sides_of(side), 3)
    if not cache.fits({key: len(files) * math.prod(shape)}):
        callback.say("too many pixels to keep: images are decoded in each epoch (--cache-limit)")
        return Pixels(files, side, _check(files, side, callback, stop), white=white)
    samples = [ImageSample(file, _cropped(side, white).read) for file in files]
    try:
        store = cache.compute(
            key,
            PixelEngine(_BATCH),
            samples,
            "uint8",
            shape=shape,
            callback=callback,
            stop=stop,
            what="images",
        )
    except OSError as error:
        raise DataError(
            f"{cache.folder}: decoded images cannot be kept ({error.strerror}); make room, or --cache-limit 0"
        ) from None
    return Pixels(files, side, store.problems, store.array, white)


def _check(files: Sequence[Path], side: InputSize, callback: RunCallback, stop: Stop | None) -> dict[int, str]:
    """What is wrong with each image that cannot be read."""

    def problem(group: list[Path]) -> list[str]:
        return [_problem(file, side) for file in group]

    problems = {}
    callback.begin("images", len(files))
    try:
        for number, reason in enumerate(ordered_map(problem, files, cores(), group=8)):
            if stop is not None:
                stop.check()
            if reason:
                problems[number] = reason
            callback.advance()
    finally:
        callback.end()
    return problems


def _problem(file: Path, side: InputSize) -> str:
    try:
        _cropped(side).read(file)
    except ImageError as error:
        return error.reason
    return ""


def _cropped(side: InputSize, white: int | None = None) -> Resize:
    return Resize(*sides_of(side), "crop", 1.0, white)


def _white_level(sample: Sequence[Path]) -> int | None:
    """The white level of these images together; None if they have 8 bits."""
    return white_of_all([_bits(file) for file in sample])


def _bits(file: Path) -> int:
    try:
        with reported(str(file)), silenced(), opened(str(file)) as image:
            if not has_many_bits(image):
                return 0
        return int(open_image(file).info.get(BITS, 0))
    except ImageError:
        return 0


def stored_side(files: Sequence[Path], size: InputSize) -> InputSize:
    """How large images are kept for crops of `size` pixels: up to half as large again, if they have that.

    Decided by the median of what the images have of the shorter side.
    """
    height, width = sides_of(size)
    shorter = min(height, width)
    found = []
    for file in files:
        try:
            with reported(str(file)), silenced(), opened(str(file)) as image:
                found.append(min(image.width * shorter / width, image.height * shorter / height))
        except ImageError:
            continue
    median = float(np.median(found)) if found else shorter
    kept = int(min(max(shorter, median), round(_SURPLUS * shorter)))
    longer = round(kept * max(height, width) / shorter)
    return kept if height == width else (kept, longer) if height < width else (longer, kept)


def resized_whole(pixels: np.ndarray, size: InputSize) -> np.ndarray:
    """Whole images at the size of the views: uint8 `(n, h, w, 3)` to `(n, height, width, 3)`."""
    sides = sides_of(size)
    if pixels.shape[1:3] == sides:
        return pixels
    target = Resize(*sides, "squash")
    return np.stack([target.read(np.ascontiguousarray(image)) for image in pixels])
