"""Occlusion: how far the probability of a class falls when a part of the image is covered."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kerastl.errors import UsageError
from kerastl.explaining._methods import ExplanationMethod

if TYPE_CHECKING:
    import numpy as np

    from kerastl.explaining._explainer import Explainer

_BATCH = 16


def occlusion(
    predict: Callable[[np.ndarray], np.ndarray],
    pixels: np.ndarray,
    index: int,
    *,
    patch: int | None = None,
    color: int = 128,
) -> np.ndarray:
    """Cover one square after the other and ask the network again.

    Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 4.2. The squares overlap
    by half; a pixel gets the mean over the squares that cover it.

    Args:
        predict: From uint8 pixels of shape (n, height, width, 3) to probabilities of shape (n, classes). Nothing
            else of the network is needed.
        pixels: uint8 array of shape (height, width, 3), RGB.
        index: The class.
        patch: Side of the squares in pixels; a sixth of the shorter side if not given.
        color: What covers: the value of all three channels, 0-255.

    Returns:
        float32 array of shape (height, width) in [-1, 1]: positive where covering lowers the probability.

    Raises:
        UsageError: `patch` is less than 1 or more than the shorter side, or `color` is out of range.
    """
    import numpy as np

    height, width = pixels.shape[:2]
    side = max(2, min(height, width) // 6) if patch is None else patch
    if not 1 <= side <= min(height, width) or not 0 <= color <= 255:
        raise UsageError(
            f"patch must be between 1 and {min(height, width)}, and color between 0 and 255. "
            f"Received: patch={patch}, color={color}"
        )
    corners = [(top, left) for top in _starts(height, side) for left in _starts(width, side)]
    whole = float(predict(pixels[None])[0, index])
    falls, times = np.zeros((2, height, width), np.float64)
    for start in range(0, len(corners), _BATCH):
        group = corners[start : start + _BATCH]
        covered = np.repeat(pixels[None], len(group), axis=0)
        for image, (top, left) in zip(covered, group, strict=True):
            image[top : top + side, left : left + side] = color
        for (top, left), row in zip(group, predict(covered), strict=True):
            falls[top : top + side, left : left + side] += whole - float(row[index])
            times[top : top + side, left : left + side] += 1
    return (falls / times).astype(np.float32)


def _starts(length: int, side: int) -> list[int]:
    """Where squares start, so that all of the length is covered and the last ends at its end."""
    return [*range(0, length - side, max(1, side // 2)), length - side]


def _explain(network: Explainer, pixels: np.ndarray, index: int) -> np.ndarray:
    return occlusion(network.predict, pixels, index)


METHOD = ExplanationMethod(
    "occlusion", "how the probability falls where a place is covered", sign="signed", needs="predict", function=_explain
)
