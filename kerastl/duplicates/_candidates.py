"""Which images are worth comparing by their pixels: those whose vectors are near each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_SIMILARITY = 0.6
"""Cosine of vectors below which images are not compared. Of photographs that were cropped to 80 % of each side or
resized, 99 in 100 stay above it."""
NEIGHBORS = 16
"""Images each is compared with at most, at first."""
MORE_NEIGHBORS = 48
"""The same for images that are like none of these."""

Search: TypeAlias = "Callable[[NDArray[np.float32], int], tuple[NDArray[np.int64], NDArray[np.float32]]]"
_BLOCK = 2048


def candidates(
    vectors: NDArray[np.float32], places: Sequence[int], search: Search, neighbors: int
) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Pairs of images whose vectors are near each other.

    Args:
        vectors: Of all images, shape (n, d), of length 1.
        places: Of those whose neighbors are wanted.
        search: Finds the nearest of vectors among the `n`.
        neighbors: For each.

    Yields:
        How many of the images these are of, and the pairs, the nearest first; each pair at most twice.
    """
    for start in range(0, len(places), _BLOCK):
        chosen = np.asarray(places[start : start + _BLOCK], np.int64)
        found, similarities = search(vectors[chosen], neighbors + 1)
        one = np.repeat(chosen, found.shape[1])
        other, alike = found.ravel(), similarities.ravel()
        wanted = (one != other) & (alike >= MIN_SIMILARITY)
        pairs = np.stack([np.minimum(one, other), np.maximum(one, other)], axis=1)[wanted]
        order = np.lexsort((pairs[:, 1], pairs[:, 0], -alike[wanted]))
        yield len(chosen), list(dict.fromkeys(map(tuple, pairs[order].tolist())))
