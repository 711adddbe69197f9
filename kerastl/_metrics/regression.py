"""How good predicted numbers are.

Throughout, `predicted` and `truth` are float arrays of shape (n,) in one unit; n is at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def r_squared(predicted: np.ndarray, truth: np.ndarray) -> float:
    """Fraction of the variance that is explained: 1 is perfect, 0 as good as always saying the mean, below is worse.

    Where all numbers are the same there is nothing to explain: 1 if they are predicted exactly and 0 if not, as in
    scikit-learn's `r2_score`.
    """
    p, t = predicted.astype(np.float64), truth.astype(np.float64)
    residual, total = ((t - p) ** 2).sum(), ((t - t.mean()) ** 2).sum()
    if total == 0:
        return 1.0 if residual == 0 else 0.0
    return float(1 - residual / total)


def errors(predicted: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The mean absolute error, the root of the mean squared one, the median absolute one, and R², by name."""
    off = np.abs(predicted.astype(np.float64) - truth.astype(np.float64))
    return {
        "mean_absolute_error": float(off.mean()),
        "root_mean_squared_error": float(np.sqrt((off**2).mean())),
        "median_absolute_error": float(np.median(off)),
        "r_squared": r_squared(predicted, truth),
    }


@dataclass(frozen=True, slots=True)
class QuantileErrors:
    """How good numbers are in one part of their range.

    Args:
        low: The smallest true number of the part.
        high: The largest.
        count: How many images.
        mean_absolute_error: Of them.
        bias: Mean of predicted minus true numbers: above 0 where they are taken for too large.
    """

    low: float
    high: float
    count: int
    mean_absolute_error: float
    bias: float


def errors_by_quantile(predicted: np.ndarray, truth: np.ndarray, parts: int = 5) -> tuple[QuantileErrors, ...]:
    """Errors in parts of about equally many images, from the smallest true numbers to the largest.

    Images of the same true number stay together, so that there may be fewer parts.
    """
    p, t = predicted.astype(np.float64), truth.astype(np.float64)
    inner = np.quantile(t, np.arange(1, parts) / parts)
    part = np.searchsorted(inner, t, side="left")
    found = []
    for number in np.unique(part):
        own, off = t[part == number], (p - t)[part == number]
        found.append(
            QuantileErrors(float(own.min()), float(own.max()), len(own), float(np.abs(off).mean()), float(off.mean()))
        )
    return tuple(found)
