"""Colors of 16 bits a channel, of which Pillow reads the upper eight only.

A file whose colors take 10 or 12 bits of them would come out nearly black. So the lower eight bits are read as well,
by asking for the other byte order; only where the upper ones are dark.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from PIL import Image, ImageFile

from kerastl.images import _depth as depth
from kerastl.images import _limits as limits

_SWAPPED = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}
# Gray with alpha, of which no other order can be asked for; its four bytes fit those of a color.
_GRAY_ALPHA, _FOUR_BYTES = "LA;16B", "RGBA"
_BITS_PER_SAMPLE, _PLANAR_CONFIGURATION = 258, 284  # the TIFF tags
_ROWS = 1_000_000  # pixels that are put together at a time


def mend_planes(image: ImageFile.ImageFile) -> None:
    """Have Pillow read planes of 16 bits that are not compressed, each of which it takes for one of 8."""
    tags: Any = getattr(image, "tag_v2", {})
    bits = tags.get(_BITS_PER_SAMPLE)
    if tags.get(_PLANAR_CONFIGURATION) != 2 or not isinstance(bits, tuple) or set(bits) != {16}:
        return
    order = "L" if tags.prefix == b"II" else "B"
    tiles: list[Any] = image.tile
    image.tile = [
        tile._replace(args=(f"{tile[3][0]};16{order}", *tile[3][1:])) if _is_plane(tile) else tile for tile in tiles
    ]


def _is_plane(tile: Any) -> bool:
    return tile[0] == "raw" and isinstance(tile[3], tuple) and tile[3][0] in ("R", "G", "B", "A")


def lower_half(image: ImageFile.ImageFile) -> list[Any] | None:
    """The tiles that give the lower eight bits of each channel, before `image` is decoded; None if there are none."""
    if not image.mode.startswith("RGB") or not image.tile:
        return None
    tiles = []
    for tile in image.tile:
        args = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        raw = args[0] if args else None
        if not isinstance(raw, str) or raw[-4:-1] != ";16" or raw[-1] not in _SWAPPED:
            return None
        other = _FOUR_BYTES if raw == _GRAY_ALPHA else raw[:-1] + _SWAPPED[raw[-1]]
        tiles.append(tile._replace(args=(other, *args[1:]) if isinstance(tile[3], tuple) else other))
    tags: Any = getattr(image, "tag_v2", {})
    # Of colors in separate planes that are compressed, Pillow's decoder chooses the order itself.
    return tiles if tags.get(_PLANAR_CONFIGURATION, 1) == 1 or image.tile[0][0] == "raw" else []


def brightened(
    upper: Image.Image,
    tiles: list[Any],
    again: Callable[[], AbstractContextManager[ImageFile.ImageFile]],
    white: int | None,
) -> Image.Image:
    """The image in 8 bits by its white level, where that is below 65535.

    Args:
        upper: The decoded image, the upper eight bits of each channel.
        tiles: From `lower_half`; none if it cannot be had.
        again: Opens the file once more.
        white: The white level of a model; None takes the image's own.

    Returns:
        An image of the same mode and size; `upper` itself where all 16 bits are significant.
    """
    if white == depth.FULL:
        upper.info[depth.MISFIT] = depth.DARKER if _is_dark(upper) else ""
        return upper
    if white is None and _takes_16_bits(upper):
        upper.info[depth.BITS] = 16
        return upper
    if 8 * upper.width * upper.height > limits.MAX_DECODE_BYTES:
        raise limits.RefusedError("too large: a dark image of 16 bits a color; convert it to 8 bits first")
    if not tiles:
        raise limits.RefusedError(
            "too dark: 16 bits a color in separate planes; save it with the colors together, or uncompressed"
        )
    with again() as opened:
        opened.tile = tiles
        opened.load()
        lower: Image.Image = opened
        if _FOUR_BYTES in (tiles[0].args, tiles[0].args[0]):
            gray, alpha = opened.getchannel(1), opened.getchannel(3)
            lower = Image.merge("RGBA", (gray, gray, gray, alpha))
        colors = (values[..., :3] for _, values in _values(upper, lower))
        if white is None:
            upper.info[depth.BITS] = bits = depth.significant_bits(colors)
            white = depth.white_of(bits)
        else:
            upper.info[depth.MISFIT] = depth.misfit(colors, white)
        return _scaled(upper, lower, white)


def _takes_16_bits(upper: Image.Image) -> bool:
    """Whether values are above 15 bits, and more of them than there are hot pixels."""
    counts = upper.histogram()
    above = sum(sum(counts[256 * channel + 128 : 256 * (channel + 1)]) for channel in range(3))
    return above > 0 and not depth.is_freak(above, 3 * upper.width * upper.height)


def _is_dark(upper: Image.Image) -> bool:
    """Whether an image is nearly black where all 16 bits are significant."""
    counts = upper.histogram()[: 3 * 256]
    brightest = max(place % 256 for place, count in enumerate(counts) if count)
    return depth.is_dark((brightest << 8) + 255 if brightest else 0, depth.FULL)


def _values(upper: Image.Image, lower: Image.Image) -> Iterator[tuple[int, Any]]:
    """The whole numbers, uint16 `(rows, width, channels)`, in strips, each with where it begins."""
    import numpy as np

    rows = max(1, _ROWS // upper.width)
    for top in range(0, upper.height, rows):
        box = (0, top, upper.width, min(top + rows, upper.height))
        high, low = (np.asarray(half.crop(box)).astype(np.uint16) for half in (upper, lower))
        yield top, high << 8 | low


def _scaled(upper: Image.Image, lower: Image.Image, white: int) -> Image.Image:
    import numpy as np

    result = upper.copy()
    # What is see-through is said in 16 bits, or in as many as the colors have.
    alpha = 1 if upper.mode.endswith(("A", "a")) else 0
    opaque = max((int(values[..., -1].max()) for _, values in _values(upper, lower)), default=0) if alpha else 0
    for top, values in _values(upper, lower):
        scaled = np.minimum(values.astype(np.float32) * (255.0 / white) + 0.5, 255.0)
        if alpha and opaque > white:
            scaled[..., -1] = values[..., -1] >> 8
        strip = Image.frombytes(upper.mode, (upper.width, len(scaled)), scaled.astype(np.uint8).tobytes())
        result.paste(strip, (0, top))
    return result
