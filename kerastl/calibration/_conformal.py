"""Sets of classes that hold the right one with a guaranteed probability: split conformal prediction.

The score is that of RAPS (Angelopoulos et al. 2021, "Uncertainty Sets for Image Classifiers using Conformal
Prediction", equation 5) without its random part: the probability of the classes that stand before a class, plus
`PENALTY` for each place behind the first `FREE`. Without the random part, and with the class's own probability left
out, the best class is always in the set, and the same image always gets the same set.

The guarantee: if calibration images and new ones are drawn alike, a new image's class is in its set with a
probability of at least the coverage, over the draw of both (Vovk et al. 2005). It says nothing of images of other
things, and holds on average over classes, not for each.
"""

from __future__ import annotations

import math

import numpy as np

from kerastl._metrics import ranks
from kerastl.errors import UsageError

# The paper's values for ImageNet.
PENALTY = 0.01
FREE = 5


def scores(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Score the right class of each image; the better it stands, the lower.

    Args:
        probabilities: float array of shape (n, classes), rows sum to 1.
        labels: Integer array of shape (n,), values in [0, classes).

    Returns:
        float64 array of shape (n,), 0 where the best class is the right one.
    """
    return _by_place(probabilities)[np.arange(len(labels)), ranks(probabilities, labels)]


def sizes(probabilities: np.ndarray, threshold: float) -> np.ndarray:
    """How many of the best classes make up the set of each image.

    Args:
        probabilities: As for `scores`.
        threshold: Of `threshold`.

    Returns:
        Integer array of shape (n,), values in [1, classes].
    """
    return np.maximum((_by_place(probabilities) <= threshold).sum(axis=1), 1)


def threshold(calibration: np.ndarray, coverage: float) -> float:
    """The value that a further score drawn like these does not exceed with probability `coverage` or more.

    It is the ceil((n + 1) coverage)-th smallest of the n scores.

    Args:
        calibration: float array of shape (n,): scores of calibration images.
        coverage: Between 0 and 1.

    Raises:
        UsageError: That takes more scores than there are.
    """
    n = len(calibration)
    # Rounded, since (n + 1) * coverage may miss a whole number by the last digit.
    rank = math.ceil(round((n + 1) * coverage, 9))
    if not 0 < coverage < 1 or rank > n:
        raise UsageError(
            f"{coverage:g} cannot be guaranteed from {n} calibration images: between 0 and {n / (n + 1):.4g} can"
        )
    return float(np.sort(calibration)[max(rank, 1) - 1])


def _by_place(probabilities: np.ndarray) -> np.ndarray:
    """The score of the class at each place, best first: float64 array of shape (n, classes), ascending rows."""
    ordered = -np.sort(-probabilities.astype(np.float64), axis=1)
    before = np.cumsum(ordered, axis=1) - ordered
    places = np.arange(1, probabilities.shape[1] + 1)
    return np.maximum(before, 0) + PENALTY * np.maximum(places - FREE, 0)
