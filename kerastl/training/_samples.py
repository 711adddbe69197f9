"""What a row of features is made from: an image or an augmented view of it, and what tells whether it has changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from kerastl.errors import ImageError
from kerastl.inference._engines import Parallelism, cores
from kerastl.inference._seal import sha256

View = Callable[[np.ndarray], np.ndarray]
"""What is done to the pixels of a sample, uint8 `(h, w, 3)` both."""


def as_it_is(pixels: np.ndarray) -> np.ndarray:
    """The view in which nothing is done."""
    return pixels


def mirrored(pixels: np.ndarray) -> np.ndarray:
    """The view in which left and right are changed over."""
    return np.ascontiguousarray(pixels[:, ::-1])


class Sample(Protocol):
    """Gives the pixels of one row."""

    def digest(self) -> str:
        """Hash of the content that the pixels are made from; raises `ImageError`."""

    def pixels(self) -> np.ndarray:
        """uint8 RGB `(h, w, 3)`; raises `ImageError`."""


@dataclass(frozen=True)
class ImageSample:
    """An image file, as it is or in one augmented view.

    Args:
        path: The file.
        load: Gives its pixels, uint8 `(h, w, 3)`; raises `ImageError`.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.images import Resize
        >>> from kerastl.training import ImageSample
        >>> ImageSample(Path("data/candle.jpg"), Resize(32, 32).read).pixels().shape
        (32, 32, 3)
    """

    path: Path
    load: Callable[[Path], np.ndarray]

    def digest(self) -> str:
        """See `Sample`."""
        try:
            return sha256(self.path)
        except OSError as error:
            raise ImageError(str(self.path), error.strerror or "cannot be read") from None

    def pixels(self) -> np.ndarray:
        """See `Sample`."""
        return self.load(self.path)


@dataclass(frozen=True)
class PrefetchedSample:
    """An image file that may have been decoded before.

    Args:
        image: The file, for where it was not.
        decoded: Gives hash and pixels of a file, or None where there is nothing.
    """

    image: ImageSample
    decoded: Callable[[Path], tuple[str, np.ndarray] | None]

    def digest(self) -> str:
        """See `Sample`."""
        found = self.decoded(self.image.path)
        return found[0] if found else self.image.digest()

    def pixels(self) -> np.ndarray:
        """See `Sample`."""
        found = self.decoded(self.image.path)
        return found[1] if found else self.image.pixels()


class PixelEngine:
    """An engine that gives pixels as they are, where the rows are the pixels themselves.

    Args:
        batch: Images that are handed over together.
    """

    name = "pixels"

    def __init__(self, batch: int = 1) -> None:
        self.parallelism = Parallelism(workers=cores(), interpreters=1, threads=1, batch=batch)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """Return `pixels`."""
        return pixels
