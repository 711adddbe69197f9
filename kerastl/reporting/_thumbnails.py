"""Small images that pages hold within themselves."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE = 208
"""Pixels: twice what pages show them at on a small screen, for sharp ones."""
_QUALITY = 72


def data_uri(image: np.ndarray | Image, side: int = SIDE, method: int = 6) -> str:
    """A small WebP as a data URI.

    Args:
        image: uint8 (height, width, 3), or an image of Pillow's.
        side: Pixels that it has at most a side.
        method: WebP's: 6 takes the longest and makes the smallest files.
    """
    from PIL import Image

    shown = Image.fromarray(image) if isinstance(image, np.ndarray) else image.copy()
    shown.thumbnail((side, side), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    shown.save(stream, "WEBP", quality=_QUALITY, method=method)
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def thumbnail(file: Any, side: int = SIDE) -> str:
    """The thumbnail of a file, or what else `load_pixels` takes, as a data URI, padded to a square.

    Raises:
        ImageError: It cannot be read.
    """
    from kerastl.images import Resize, load_pixels

    return data_uri(load_pixels(file, Resize(side, side, "pad")), side)
