"""For each image those most like it."""

from __future__ import annotations

import numpy as np

_BLOCK = 1 << 22  # similarities at a time


def most_similar(vectors: np.ndarray, count: int) -> np.ndarray:
    """Find each row's nearest other rows, all compared with all.

    Args:
        vectors: Shape (n, d), of length 1.
        count: Of neighbors.

    Returns:
        int64 of shape (n, min(count, n - 1)), places of rows, the most similar first.
    """
    total = len(vectors)
    count = min(count, total - 1)
    found = np.zeros((total, count), np.int64)
    if not count:
        return found
    rows = max(1, _BLOCK // total)
    for start in range(0, total, rows):
        similarities = vectors[start : start + rows] @ vectors.T
        own = np.arange(len(similarities))
        similarities[own, own + start] = -np.inf
        nearest = np.argpartition(-similarities, count - 1, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(similarities, nearest, axis=1), axis=1, kind="stable")
        found[start : start + rows] = np.take_along_axis(nearest, order, axis=1)
    return found
