"""The order in which images are recommended: by what is liked and disliked, and unlike each other.

Likes are compared one by one, since people like several kinds of images, whose mean is like none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEAREST = 3
"""Likes, and dislikes, that an image is judged by: those most like it."""
DISLIKED = 0.5
"""What the nearest dislikes weigh against the nearest likes."""
DIVERSITY = 0.2
"""What the likeness of recommendations to each other weighs."""
_POOL = 10  # times as many images are diversified as are wanted
_LEAST_POOL = 200
_BLOCK = 65_536


def relevance(
    vectors: NDArray[np.float32], liked: NDArray[np.float32], disliked: NDArray[np.float32]
) -> NDArray[np.float32]:
    """How much images are like those that are liked, and unlike those that are not.

    Args:
        vectors: Of the images, shape (n, d), of length 1.
        liked: Shape (l, d), likewise; at least one.
        disliked: Shape (m, d), likewise; may be none.

    Returns:
        Shape (n,), from -1.5 to 1.5: the mean cosine of an image with the three likes nearest to it, less half of that
        with the three nearest dislikes.
    """
    blocks = []
    for start in range(0, len(vectors), _BLOCK):
        block = vectors[start : start + _BLOCK]
        score = _of_nearest(block, liked)
        blocks.append(score - DISLIKED * _of_nearest(block, disliked) if len(disliked) else score)
    return np.concatenate([np.empty(0, np.float32), *blocks])


def _of_nearest(vectors: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    cosines = vectors @ others.T
    count = min(NEAREST, len(others))
    nearest: NDArray[np.float32] = np.partition(cosines, -count, axis=1)[:, -count:].mean(axis=1)
    return nearest


def diversified(
    vectors: NDArray[np.float32], scores: NDArray[np.float32], top: int, diversity: float = DIVERSITY
) -> list[int]:
    """Choose images of high scores that are unlike each other: maximal marginal relevance.

    The next is always the one with the largest `(1 - diversity) * score - diversity * likeness`, where `likeness` is
    its largest cosine with those that were chosen (Carbonell & Goldstein, "The use of MMR, diversity-based reranking
    for reordering documents and producing summaries", 1998).

    Args:
        vectors: Shape (n, d), of length 1.
        scores: Shape (n,); those of minus infinity are never chosen.
        top: How many.
        diversity: Between 0, which goes by scores alone, and 1.

    Returns:
        Places, the best first.
    """
    order = np.lexsort((np.arange(len(scores)), -scores))[: max(_POOL * top, _LEAST_POOL)]
    pool = order[np.isfinite(scores[order])]
    rows, worth = vectors[pool], (1 - diversity) * scores[pool].astype(np.float64)
    likeness = np.full(len(pool), -1.0)
    chosen: list[int] = []
    while len(chosen) < min(top, len(pool)):
        best = int(np.argmax(worth - diversity * likeness if chosen else worth))
        chosen.append(best)
        worth[best] = -np.inf
        likeness = np.maximum(likeness, rows @ rows[best])
    return pool[chosen].tolist()
