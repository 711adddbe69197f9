"""The nearest of many vectors, found by comparing all of them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

_MARGIN = 1e-5
"""More than a cosine in float32 is wrong by, whose last digits depend on how many rows are multiplied at once."""
_QUERIES_TOGETHER = 256


def cosines(vectors: np.ndarray, query: np.ndarray) -> np.ndarray:
    """Cosines of vectors of length 1, or of no length at all, which are near nothing: of equal vectors, the same.

    Args:
        vectors: Shape (n, d).
        query: Shape (d,).

    Returns:
        float32 (n,), between -1 and 1.
    """
    products = vectors.astype(np.float64) * query.astype(np.float64)
    return np.clip(products.sum(axis=1), -1, 1).astype(np.float32)


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Rows of length 1, as float32; those of no length stay."""
    rows = np.asarray(vectors, np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)


def nearest(
    blocks: Iterable[tuple[np.ndarray, np.ndarray]], queries: np.ndarray, top: int
) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest of each query.

    Args:
        blocks: Places, int64 (m,), and the vectors there, float32 (m, d); to be gone through once.
        queries: float32 (q, d), of length 1.
        top: How many are wanted.

    Returns:
        Their places, int64 (q, top), and similarities, float32 (q, top), the nearest first and of equal ones that of
        the lower place; fewer columns where there are fewer vectors.
    """
    best = [(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
    for places, vectors in blocks:
        for first in range(0, len(queries), _QUERIES_TOGETHER):
            together = queries[first : first + _QUERIES_TOGETHER]
            for number, row in enumerate(together @ vectors.T):
                near = _candidates(row, top)
                found = places[near], cosines(vectors[near], together[number])
                best[first + number] = _best(best[first + number], found, top)
    shape = (len(queries), len(best[0][0]) if best else 0)
    return (
        np.array([at for at, _ in best], np.int64).reshape(shape),
        np.array([near for _, near in best], np.float32).reshape(shape),
    )


def _candidates(row: np.ndarray, top: int) -> np.ndarray:
    """Which may be among the nearest, with all that are as near as the last of them."""
    if len(row) <= top:
        return np.arange(len(row))
    return np.flatnonzero(row >= np.partition(row, -top)[-top] - _MARGIN)


def _best(
    before: tuple[np.ndarray, np.ndarray], more: tuple[np.ndarray, np.ndarray], top: int
) -> tuple[np.ndarray, np.ndarray]:
    places, near = (np.concatenate(pair) for pair in zip(before, more, strict=True))
    order = np.lexsort((places, -near))[:top]
    return places[order], near[order]
