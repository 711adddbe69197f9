"""Every mode that Pillow knows becomes RGB, transparency over white."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from PIL import Image

WHITE = (255, 255, 255)
STRIP_PIXELS = 1_000_000
"""Larger pictures are converted a strip at a time, so that no second full-size copy is needed."""


def to_rgb(image: Image.Image, shrink: int = 1) -> Image.Image:
    """Convert to RGB; see-through parts show white.

    Whole numbers of 16 bits mean 0 to 65535, those of a 12-bit TIFF 0 to 4095. Formats that leave the range
    open (mode `F`, and `I` from TIFF and the like) are read as 0 to 1 (only `F`), 0 to 255 or 0 to 65535,
    the first that holds every finite value; else the smallest value is black and the largest white.

    Args:
        image: A loaded picture of any mode.
        shrink: Average blocks of `shrink` by `shrink` pixels on the way, 1 to leave the size.

    Returns:
        A picture of mode RGB, `ceil(side / shrink)` pixels a side; `image` itself if there is nothing to do.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.reduce(shrink) if shrink > 1 else image
    span = _span(image) if _is_numeric(image) else None
    canvas = Image.new("RGB", (math.ceil(image.width / shrink), math.ceil(image.height / shrink)))
    for top, strip in _strips(image, shrink):
        canvas.paste(_converted(strip, span).reduce(shrink), (0, top // shrink))
    return canvas


def _strips(image: Image.Image, multiple: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Give the picture from top to bottom in strips, each with where it begins, a multiple of `multiple`."""
    width, height = image.size
    rows = max(1, STRIP_PIXELS // width // multiple) * multiple
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _converted(image: Image.Image, span: tuple[float, float] | None) -> Image.Image:
    if span is not None:
        return _grey(image, span)
    mode = image.mode
    if mode == "RGBa":
        image = image.convert("RGBA")
    elif mode == "La":
        image = image.convert("LA").convert("RGBA")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    else:
        return image.convert("RGB")
    canvas = Image.new("RGB", image.size, WHITE)
    canvas.paste(image, mask=image)
    return canvas


def _is_numeric(image: Image.Image) -> bool:
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _span(image: Image.Image) -> tuple[float, float]:
    """The values that are black and white."""
    if image.mode.startswith("I;16"):
        return (0.0, 4095.0 if _bits(image) == 12 else 65535.0)
    if image.mode == "I" and getattr(image, "format", None) in ("PPM", "PNG"):
        return (0.0, 65535.0)
    low, high = _finite_extrema(image)
    if low >= 0:
        for white in (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0):
            if high <= white:
                return (0.0, white)
    return (low, high)


def _bits(image: Image.Image) -> int | None:
    bits_per_sample = 258
    tags: Any = getattr(image, "tag_v2", {})
    value = tags.get(bits_per_sample)
    return value[0] if isinstance(value, tuple) and value else value


def _finite_extrema(image: Image.Image) -> tuple[float, float]:
    import numpy as np

    low, high = math.inf, -math.inf
    for _, strip in _strips(image):
        values = np.asarray(strip)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 1.0)


def _grey(image: Image.Image, span: tuple[float, float]) -> Image.Image:
    import numpy as np

    transparent = image.info.get("transparency")
    # Pillow has four byte orders of 16 bits and converts each to I, but to L it only clips.
    values = np.asarray(image if image.mode in ("I", "F") else image.convert("I"), dtype=np.float32)
    low, high = span
    with np.errstate(all="ignore"):  # values may be infinite or no numbers
        scaled = np.nan_to_num((values - low) * (255.0 / max(high - low, 1e-30)), nan=0.0)
    grey = (np.clip(scaled, 0.0, 255.0) + 0.5).astype(np.uint8)
    if isinstance(transparent, int):
        grey[values == transparent] = 255
    return Image.fromarray(grey).convert("RGB")
