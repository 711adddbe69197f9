"""How a copy differs from the image that is kept, in words."""

from __future__ import annotations

import math

from kerastl.duplicates._verification import Match

_SCALE = 0.03  # of the logarithm of a side: less is the same size
_ANGLE = 0.5  # degrees
_GAIN = 0.07  # of the logarithm of the contrast


def kinds_of(match: Match, size: tuple[int, int], kept_size: tuple[int, int]) -> tuple[tuple[str, ...], float | None]:
    """How a copy differs from the image that is kept.

    Args:
        match: How the copy, as the first, is a copy of that image.
        size: Its width and height.
        kept_size: Those of the image that is kept.

    Returns:
        Words, and the fraction of the view that a crop shows.
    """
    area, kept_area = math.prod(size), math.prod(kept_size)
    # Of pixels that show the same.
    shown = {None: 1.0, True: 1 / match.extent, False: match.extent}[match.inner]
    told = {
        "mirrored": match.mirrored,
        "crop": match.inner is True,
        "wider view": match.inner is False,
        "resized": abs(math.log(area * shown / kept_area)) / 2 > _SCALE,
        "turned": abs(match.angle) > _ANGLE,
        "contrast": abs(math.log(match.gain)) > _GAIN,
    }
    kinds = tuple(kind for kind, true in told.items() if true)
    return kinds or ("recompressed",), match.extent if match.inner else None
