"""How many clusters there are: as many as are found again in other images of the same kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kerastl.clustering._kmeans import fitted

if TYPE_CHECKING:
    from numpy.typing import NDArray

COUNTS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 17, 20, 24, 29, 35, 42, 50, 60, 72, 86, 100)
"""Numbers of clusters that are tried."""
LEAST_IMAGES = 5
"""Images a cluster, on average, below which no more clusters are tried."""
SAMPLE = 2_000
"""Images that the number is found by."""
_SPLITS = 4
_NEARLY = 0.05  # of stability: numbers this near the best are as good
_HOPELESS, _PATIENCE = 0.6, 4  # below this fraction of the best, for so many numbers, larger ones are not tried


@dataclass(frozen=True)
class CountChoice:
    """A number of clusters, and why.

    Args:
        count: The number.
        stability: How well clusters of one half of the images are found again in the other: 0 as by chance, 1 exactly.
    """

    count: int
    stability: float


def chosen_count(vectors: NDArray[np.float32], seed: int) -> CountChoice:
    """Choose the number of clusters.

    The images are split into halves at random, and each half is clustered. A number is good if the centers of the one
    half part the other as it parts itself, by the adjusted Rand index (Lange et al., "Stability-based validation of
    clustering solutions", 2004). Of numbers that are nearly as stable as the best, that with the largest silhouette is
    taken (Rousseeuw 1987).

    Args:
        vectors: Shape (n, d), of length 1.
        seed: Of the splits.

    Returns:
        One cluster where there are too few images for more.
    """
    random = np.random.default_rng(seed)
    sample = vectors[np.sort(random.permutation(len(vectors))[:SAMPLE])]
    counts = [count for count in COUNTS if count * LEAST_IMAGES <= len(sample)]
    if not counts or not vectors.shape[1]:
        return CountChoice(1, 0.0)
    halves = [np.array_split(random.permutation(len(sample)), 2) for _ in range(_SPLITS)]
    stabilities: dict[int, float] = {}
    worse = 0
    for count in counts:
        stabilities[count] = float(np.mean([_found_again(sample, one, other, count, seed) for one, other in halves]))
        worse = worse + 1 if stabilities[count] < _HOPELESS * max(stabilities.values()) else 0
        if worse >= _PATIENCE:
            break
    best = max(stabilities.values())
    good = [count for count, stability in stabilities.items() if stability >= best - _NEARLY]
    count = good[0] if len(good) == 1 else max(good, key=lambda count: (_silhouette(sample, count, seed), -count))
    return CountChoice(count, stabilities[count])


def _found_again(
    vectors: NDArray[np.float32], one: NDArray[np.int64], other: NDArray[np.int64], count: int, seed: int
) -> float:
    from sklearn.metrics import adjusted_rand_score

    first, second = (fitted(vectors[half], count, seed, starts=3) for half in (one, other))
    return float(adjusted_rand_score(first.predict(vectors[other]), second.labels_))


def _silhouette(vectors: NDArray[np.float32], count: int, seed: int) -> float:
    from sklearn.metrics import silhouette_score

    labels = fitted(vectors, count, seed, starts=3).labels_
    return float(silhouette_score(vectors, labels)) if 1 < len(set(labels.tolist())) < len(vectors) else -1.0
