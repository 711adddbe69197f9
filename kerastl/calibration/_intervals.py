"""Intervals around numbers that hold the right one with a guaranteed probability: split conformal prediction.

The score of an image is by how much its number is off. An interval reaches as far to both sides as the score that a new
image's does not exceed with the probability that is asked for (Lei et al. 2018, "Distribution-Free Predictive Inference
for Regression", section 2.2). It is equally wide for all images, and the guarantee holds on average over them: for
images whose numbers are harder to tell, it holds the right one less often.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kerastl.calibration import _conformal as conformal
from kerastl.models._metadata import Metadata

COVERAGE = 0.9
"""How often intervals are to hold the right number where nobody says."""
INTERVAL = "interval"
"""Where `Metadata.extra` has them."""


def scores(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """By how much numbers are off: float64 array of shape (n,).

    Args:
        answers: float array of shape (n, 1).
        targets: float array of shape (n,).
    """
    found: np.ndarray = np.abs(answers[:, 0].astype(np.float64) - targets)
    return found


def record(calibration: np.ndarray) -> dict[str, Any]:
    """What `Metadata.extra` says of the intervals.

    Args:
        calibration: float array of shape (n,): scores of images that the network did not learn from, each independent
            of the others.

    Returns:
        An entry of `extra`, as JSON values: the coverage, 0.9 or as much as so few images can guarantee, the half width
        and the number of images. None without any image.

    Example:
        >>> import numpy as np
        >>> from kerastl.calibration._intervals import record
        >>> record(np.arange(1.0, 20.0))
        {'interval': {'coverage': 0.9, 'half_width': 18.0, 'images': 19}}
    """
    count = len(calibration)
    coverage = min(COVERAGE, math.floor(100 * count / (count + 1)) / 100)
    if coverage <= 0:
        return {}
    half_width = conformal.threshold(calibration, coverage)
    return {INTERVAL: {"coverage": coverage, "half_width": half_width, "images": count}}


def of(metadata: Metadata) -> tuple[float, float] | None:
    """The coverage of a model's intervals and their half width; None where it has none."""
    found = metadata.extra.get(INTERVAL)
    return None if found is None else (float(found["coverage"]), float(found["half_width"]))
