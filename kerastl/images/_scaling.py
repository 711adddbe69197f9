"""Antialiased bicubic scaling of a region of an image."""

from __future__ import annotations

import math

from PIL import Image

Box = tuple[float, float, float, float]

REDUCING_GAP = 3
"""Averaging whole blocks of pixels may shrink a large region first, down to this many times the wanted size."""

_SUPPORT = 2  # how far the bicubic filter reaches, in pixels of the result


def scaled(image: Image.Image, size: tuple[int, int], box: Box) -> Image.Image:
    """Scale a region with Keys's cubic filter (a = -0.5), widened when shrinking, so that nothing aliases.

    The same filter as Pillow's `Image.resize(size, BICUBIC, box=box, reducing_gap=REDUCING_GAP)`, in less than half
    of its time, with vector instructions. Values differ by 0.2 of 255 on average, since Pillow rounds after the
    horizontal pass and this after the vertical one.

    Args:
        image: An image of mode RGB.
        size: Width and height of the result in pixels.
        box: Left, top, right and bottom of the region in pixels, fractions allowed, within the image.

    Returns:
        An image of mode RGB.
    """
    # Here, since most commands never scale an image.
    from cykooz_resizer import CropBox, FilterType, ImageData, PixelType, ResizeAlg, ResizeOptions, Resizer

    part, (left, top, right, bottom) = _reduced(image, size, box)
    # Bytes are copied in and out: reading Pillow's memory in place would save 0.2 ms an image, and break whenever
    # Pillow changes what no interface promises.
    source = ImageData(part.width, part.height, PixelType.U8x3, part.tobytes())
    target = ImageData(*size, PixelType.U8x3)
    options = ResizeOptions(
        resize_alg=ResizeAlg.convolution(FilterType.catmull_rom),
        crop_box=CropBox(left, top, right - left, bottom - top),
    )
    Resizer().resize(source, target, options)
    return Image.frombytes("RGB", size, target.get_buffer())


def _reduced(image: Image.Image, size: tuple[int, int], box: Box) -> tuple[Image.Image, Box]:
    """Cut out what the filter reads, shrunk by whole factors where it is far too large; and where the region is now."""
    left, top, right, bottom = box
    across, down = (right - left) / size[0], (bottom - top) / size[1]
    factors = (max(1, int(across / REDUCING_GAP)), max(1, int(down / REDUCING_GAP)))
    reach_x, reach_y = _SUPPORT * max(1.0, across) + factors[0], _SUPPORT * max(1.0, down) + factors[1]
    cut = (
        max(0, math.floor(left - reach_x)),
        max(0, math.floor(top - reach_y)),
        min(image.width, math.ceil(right + reach_x)),
        min(image.height, math.ceil(bottom + reach_y)),
    )
    part = image.crop(cut) if factors == (1, 1) else image.reduce(factors, box=cut)
    moved = (
        (left - cut[0]) / factors[0],
        (top - cut[1]) / factors[1],
        # Rounding must not carry the region over the edge.
        min((right - cut[0]) / factors[0], part.width),
        min((bottom - cut[1]) / factors[1], part.height),
    )
    return part, moved
