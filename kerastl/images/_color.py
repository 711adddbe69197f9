"""Every mode that Pillow knows becomes RGB, transparency over white."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from PIL import Image

from kerastl.images import _depth as depth
from kerastl.images import _profiles as profiles
from kerastl.images._depth import MISFIT, misfit

if TYPE_CHECKING:
    import numpy as np

WHITE = (255, 255, 255)
STRIP_PIXELS = 1_000_000
"""Larger images are converted a strip at a time, so that no second full-size copy is needed."""


def to_rgb(image: Image.Image, shrink: int = 1, white: int | None = None) -> Image.Image:
    """Convert to RGB; see-through parts show white.

    Numbers of more than 8 bits mean 0 to their white level: what the file says for certain (12-bit TIFF, PGM), else
    `white`, else the largest number of as many bits as the brightest pixel takes: 255, 511, 1023, ... or 65535. That
    holds for modes `I;16`, `I` and `F`; in mode `F`, where no value is above 1, white is 1. Where values are
    negative, or above 65535, the smallest is black and the largest white.

    Args:
        image: A loaded image of any mode.
        shrink: Average blocks of `shrink` by `shrink` pixels on the way, 1 to leave the size.
        white: The white level of the images that a model was trained on; None takes the image's own.

    Returns:
        An image of mode RGB, `ceil(side / shrink)` pixels a side; `image` itself if there is nothing to do. Its
        `info["significant_bits"]` holds 8 to 16 where the white level is the image's own. Colors are those of the
        file but for CMYK, which its profile turns into sRGB.
    """
    if image.mode == "RGB" and "transparency" not in image.info:
        return image.reduce(shrink) if shrink > 1 else image
    span, told = _span(image, white) if is_numeric(image) else (None, _told(image))
    canvas = Image.new("RGB", (math.ceil(image.width / shrink), math.ceil(image.height / shrink)))
    for top, strip in _strips(image, shrink):
        canvas.paste(_converted(strip, span, image).reduce(shrink), (0, top // shrink))
    canvas.info.update(told)
    return canvas


def _told(image: Image.Image) -> dict[str, Any]:
    return {name: image.info[name] for name in (depth.BITS, MISFIT) if name in image.info}


def _strips(image: Image.Image, multiple: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """Give the image from top to bottom in strips, each with where it begins, a multiple of `multiple`."""
    width, height = image.size
    rows = max(1, STRIP_PIXELS // width // multiple) * multiple
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _converted(image: Image.Image, span: tuple[float, float] | None, original: Image.Image) -> Image.Image:
    if span is not None:
        return _gray(image, span)
    mode = image.mode
    if mode == "RGBa":
        image = image.convert("RGBA")
    elif mode == "La":
        image = image.convert("LA").convert("RGBA")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
    elif mode == "CMYK":
        return profiles.from_cmyk(image, original)
    else:
        return image.convert("RGB")
    canvas = Image.new("RGB", image.size, WHITE)
    canvas.paste(image, mask=image)
    return canvas


def is_numeric(image: Image.Image) -> bool:
    """Whether it has one channel of more than 8 bits."""
    return image.mode in ("I", "F") or image.mode.startswith("I;16")


def _span(image: Image.Image, white: int | None) -> tuple[tuple[float, float], dict[str, Any]]:
    """The values that are black and white, and what `info` says of them."""
    certain = image.info.get(depth.CERTAIN)
    if certain:
        return (0.0, float(certain)), {}
    sixteen = image.mode.startswith("I;16")
    low, high = (0.0, float(depth.FULL)) if sixteen else _finite_extrema(image)
    if low < 0 or high > depth.FULL:
        return (low, high), {}
    if image.mode == "F" and high <= 1 + depth.HALF_A_LEVEL / 255:
        return (0.0, 1.0), {}
    if white is not None:
        return (0.0, float(white)), {MISFIT: misfit((_values(strip) for _, strip in _strips(image)), white)}
    bits = depth.significant_bits(_values(strip) for _, strip in _strips(image))
    bits = depth.declared_bits(image.info, bits)
    return (0.0, float(depth.white_of(bits))), {depth.BITS: bits}


def _values(image: Image.Image) -> np.ndarray:
    import numpy as np

    # Pillow has four byte orders of 16 bits and converts each to I, but to L it only clips.
    values = np.asarray(image if image.mode in ("I", "F", "I;16") else image.convert("I"))
    return values.view(np.uint32) if image.info.get(depth.UNSIGNED) else values


def _finite_extrema(image: Image.Image) -> tuple[float, float]:
    import numpy as np

    low, high = math.inf, -math.inf
    for _, strip in _strips(image):
        values = _values(strip)
        values = values[np.isfinite(values)]
        if values.size:
            low, high = min(low, float(values.min())), max(high, float(values.max()))
    return (low, high) if low <= high else (0.0, 1.0)


def _gray(image: Image.Image, span: tuple[float, float]) -> Image.Image:
    import numpy as np

    transparent = image.info.get("transparency")
    values = _values(image).astype(np.float32)
    low, high = span
    with np.errstate(all="ignore"):  # values may be infinite or no numbers
        scaled = np.nan_to_num((values - low) * (255.0 / max(high - low, 1e-30)), nan=0.0)
    gray = (np.clip(scaled, 0.0, 255.0) + 0.5).astype(np.uint8)
    if image.info.get(depth.INVERTED):
        gray = 255 - gray
    if isinstance(transparent, int):
        gray[values == transparent] = 255
    return Image.fromarray(gray).convert("RGB")
