"""Images made small, and packed into a few large ones."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from PIL import Image

from kerastl._progress import CountCallback
from kerastl.errors import ImageError
from kerastl.images import Resize, open_image
from kerastl.images._encoded import is_web_address
from kerastl.inference._ordered_map import ordered_map
from kerastl.sources._by_name import images_named

SHEET = 2048
"""Pixels of a sheet's side: any browser, also a phone's, takes images of that size."""
_SIDES = ((1_000, 160), (5_000, 96))
_SMALLEST = 64
_QUALITY = 75


def side_for(count: int) -> int:
    """Pixels of a thumbnail's longer side, fewer where there are many; multiples of 16, as WebP's blocks are."""
    return next((side for most, side in _SIDES if count <= most), _SMALLEST)


@dataclass(frozen=True)
class Sheets:
    """Thumbnails in rows, sheet by sheet, each in the upper left corner of its cell.

    Args:
        side: Of a cell, in pixels.
        sizes: int64 of shape (n, 2), width and height of each thumbnail; zeros where there is none.
        contents: WebP files of the sheets.
        failed: Why an image has no thumbnail, by its place.
    """

    side: int
    sizes: np.ndarray
    contents: tuple[bytes, ...]
    failed: dict[int, str]


def make_sheets(files: Sequence[str], side: int, progress: CountCallback | None = None) -> Sheets:
    """Read images and pack their thumbnails.

    Args:
        files: Where they lie. Web addresses are not fetched.
        side: Of a cell, in pixels.
        progress: Called with the images read and their number.
    """
    sizes, contents, failed = np.zeros((len(files), 2), np.int64), [], {}
    columns = SHEET // side
    small = _small(files, side)
    done = 0
    while group := list(islice(small, columns**2)):
        rows = -(-len(group) // columns)
        sheet = Image.new("RGB", (columns * side if rows > 1 else len(group) * side, rows * side))
        for place, thumbnail in enumerate(group):
            if isinstance(thumbnail, ImageError):
                failed[done] = thumbnail.reason
            else:
                sheet.paste(thumbnail, (place % columns * side, place // columns * side))
                sizes[done] = thumbnail.size
            done += 1
            if progress is not None:
                progress(done, len(files))
        contents.append(_webp(sheet))
    return Sheets(side, sizes, tuple(contents), failed)


def _small(files: Sequence[str], side: int) -> Iterator[Image.Image | ImageError]:
    def read(group: list[Any]) -> list[Image.Image | ImageError]:
        return [thumbnail(file, side) for file in group]

    return ordered_map(read, images_named(files), min(os.cpu_count() or 1, 16))


def thumbnail(file: Any, side: int) -> Image.Image | ImageError:
    """The image made to fit into a square, as the house reads images; or why that cannot be done."""
    if isinstance(file, ImageError):
        return file
    try:
        if isinstance(file, str) and is_web_address(file):
            return ImageError(file, "a web address, which a map does not fetch")
        image = open_image(file, target=Resize(side, side, "pad"))
    except ImageError as error:
        return error
    scale = side / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2)


def _webp(sheet: Image.Image) -> bytes:
    stream = io.BytesIO()
    sheet.save(stream, "WEBP", quality=_QUALITY, method=4)
    return stream.getvalue()
