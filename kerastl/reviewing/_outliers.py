"""Images that are unlike all others of their class, by the cosine of their vectors."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Rows that are compared at a time.
_ROWS = 1_024
# Beyond the upper quartile by so many times the distance between the quartiles an image is "far out" (Tukey,
# Exploratory Data Analysis, 1977, section 2D).
_FAR = 3.0
# Classes of fewer images say nothing of what is usual in them.
_LEAST = 8


class Nearest(NamedTuple):
    """The nearest other image of the same class.

    Args:
        distances: float64 `(n,)`, 1 less the cosine, from 0 to 2; NaN where a class has no other image.
        rows: int64 `(n,)`; -1 likewise.
    """

    distances: np.ndarray
    rows: np.ndarray


def nearest_of_class(vectors: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> Nearest:
    """Find for each image the nearest one with the same label that is no copy of it.

    Args:
        vectors: `(n, d)`, rows of length 1.
        labels: int64 `(n,)`.
        groups: int64 `(n,)`, the same of copies.
    """
    distances, nearest = np.full(len(labels), np.nan), np.full(len(labels), -1)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        own = vectors[rows].astype(np.float32, copy=False)
        for start in range(0, len(rows), _ROWS):
            part = slice(start, start + _ROWS)
            cosines = own[part] @ own.T
            cosines[groups[rows[part], None] == groups[rows]] = -np.inf  # among them each image itself
            best = cosines.argmax(axis=1)
            found = cosines[np.arange(len(best)), best]
            some = np.isfinite(found)
            distances[rows[part][some]] = np.maximum(0, 1 - found[some].astype(np.float64))
            nearest[rows[part][some]] = rows[best[some]]
    return Nearest(distances, nearest)


def find_outliers(distances: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Find images that are far out among those of their class, the farthest first.

    Args:
        distances: Of `nearest_of_class`.
        labels: int64 `(n,)`.

    Returns:
        Numbers of rows, int64 `(m,)`, by how many times the usual spread they lie out.
    """
    excess = np.full(len(labels), -np.inf)
    for label in np.unique(labels):
        rows = np.flatnonzero((labels == label) & np.isfinite(distances))
        if len(rows) < _LEAST:
            continue
        lower, upper = np.quantile(distances[rows], [0.25, 0.75])
        if upper > lower:
            excess[rows] = (distances[rows] - upper) / (upper - lower)
    found = np.flatnonzero(excess > _FAR)
    return found[np.argsort(-excess[found], kind="stable")]
