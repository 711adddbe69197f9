"""Vectors in few dimensions, in which distances say more of what images show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIMENSIONS = 50
_FITTED = 20_000  # vectors that the dimensions are fitted to
_LEAST = 1e-6  # of the largest variance: less is nothing


def reduced(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """The main dimensions of vectors, half whitened: divided by the fourth root of their variances.

    The largest dimensions of an image network tell of light and background as well; whitened altogether, noise would
    count as much as they do. Half is between the two.

    Args:
        vectors: Shape (n, d), of length 1.
        seed: Of the sample that the dimensions are fitted to, where there are very many.

    Returns:
        Shape (n, at most `DIMENSIONS`), of length 1; no dimensions where all are equal.
    """
    from sklearn.decomposition import PCA

    count, dimension = vectors.shape
    if count < 2:
        return np.zeros((count, 0), np.float32)
    rows = np.sort(np.random.default_rng(seed).permutation(count)[:_FITTED])
    sample = vectors[rows] - vectors[rows].mean(axis=0)
    if not (np.abs(sample) > _LEAST).any():
        return np.zeros((count, 0), np.float32)
    pca = PCA(min(DIMENSIONS, len(rows) - 1, dimension), random_state=seed).fit(vectors[rows])
    variances = pca.explained_variance_
    used = variances > _LEAST * variances[0]
    small = (pca.transform(vectors)[:, used] / variances[used] ** 0.25).astype(np.float32)
    lengths = np.linalg.norm(small, axis=1, keepdims=True)
    return small / np.where(lengths > 0, lengths, 1)
