"""Images of another bit depth than those that a model was trained on: cut off at its white, or nearly black."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable
from kerastl.images import _depth as depth

if TYPE_CHECKING:
    import numpy as np

MISFIT = "misfit"
"""Where the `info` of an image that was read says how it does not fit the white level of a model."""
BRIGHTER, DARKER = "too bright, and cut off,", "nearly black"

# Four bits, as between a camera's 12 and a file's 16, make an image nearly black.
_DARKER = 15
_said: set[tuple[str, int]] = set()


def misfit(strips: Iterable[np.ndarray], white: int) -> str:
    """How an image does not fit the white level of a model; nothing if it does.

    Args:
        strips: The image in parts, as for `significant_bits`.
        white: The white level.
    """
    import numpy as np

    above, total, peak = 0, 0, 0.0
    for values in strips:
        total += values.size
        known = values[np.isfinite(values)] if values.dtype.kind == "f" else values
        highest = float(known.max(initial=0))
        peak = max(peak, highest)
        if highest > white + depth.HALF_A_LEVEL:
            above += int(np.count_nonzero(known > white + depth.HALF_A_LEVEL))
    if not depth.is_freak(above, total):
        return BRIGHTER
    return DARKER if is_dark(peak, white) else ""


def is_dark(peak: float, white: int) -> bool:
    """Whether an image whose brightest value is `peak` comes out nearly black by this white level."""
    return 0 < peak * _DARKER < white


def say(info: Mapping[Any, Any], name: str, white: int | None) -> None:
    """Warn, once for a white level, that an image does not fit it.

    Args:
        info: Of the image that was read.
        name: What messages call it.
        white: The white level.
    """
    how = info.get(MISFIT)
    if how and white is not None and (how, white) not in _said:
        _said.add((how, white))
        logging.getLogger("kerastl").warning(
            "%s: %s for a model to which %d is white; has it another bit depth than the training images? (said once)",
            printable(name),
            how,
            white,
        )
