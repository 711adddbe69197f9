"""Whether images that score 80 % are right 80 % of the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy, in bins of equal width (Guo et al. 2017, equations 2 to 5).

    The confidence of an image is the probability of its most probable class. Bin i of m holds the images with a
    confidence in (i/m, (i+1)/m].

    Args:
        counts: int64 array of shape (bins,): images.
        confidence: float64 array of shape (bins,): their mean confidence; NaN where there are none.
        accuracy: float64 array of shape (bins,): the fraction of them that is right; NaN where there are none.
    """

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """The bins' borders: float64 array of shape (bins + 1,), from 0 to 1."""
        return np.linspace(0, 1, len(self.counts) + 1)

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap between confidence and accuracy, in [0, 1]."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float(gaps @ self.counts[filled] / self.counts.sum())

    def as_dict(self) -> dict[str, Any]:
        """The bins that hold images, as JSON values."""
        return {
            "bins": len(self.counts),
            "filled": [
                {
                    "from": round(float(self.edges[i]), 6),
                    "to": round(float(self.edges[i + 1]), 6),
                    "count": int(self.counts[i]),
                    "confidence": float(self.confidence[i]),
                    "accuracy": float(self.accuracy[i]),
                }
                for i in np.flatnonzero(self.counts)
            ],
        }


def bin_numbers(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin of each confidence: integers in [0, bins)."""
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(inner, confidence, side="left")


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> Reliability:
    """Sort images into bins by confidence.

    Args:
        confidence: float array of shape (n,), values in [0, 1].
        right: Boolean array of shape (n,): whether the most probable class is the right one.
        bins: How many.
    """
    number = bin_numbers(confidence, bins)
    counts = np.bincount(number, minlength=bins)
    filled = np.where(counts, counts, np.nan)
    return Reliability(
        counts,
        np.bincount(number, confidence, minlength=bins) / filled,
        np.bincount(number, right, minlength=bins) / filled,
    )
