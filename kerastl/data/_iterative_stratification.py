"""Divide images that have any number of labels so that each part has its share of every label.

Iterative stratification: Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification of Multi-Label Data", algorithm
1. The label with the fewest images left is dealt out first, each image to the part that lacks most of that label.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def iterative_parts(
    counts: np.ndarray, sizes: np.ndarray, fractions: Sequence[float] | np.ndarray, seed: int
) -> NDArray[np.int64]:
    """Deal groups of images out to parts.

    Args:
        counts: int64 `(groups, labels)`: images of each group that have a label.
        sizes: int64 `(groups,)`: images in each group, which stay together.
        fractions: Of all images that each part is to have, `(parts,)`; their sum is 1.
        seed: Decides where parts lack equally much, and the order of the groups.

    Returns:
        int64 `(groups,)`: the part of each.

    Example:
        >>> import numpy as np
        >>> from kerastl.data._iterative_stratification import iterative_parts
        >>> counts = np.repeat([[1, 0], [1, 1], [0, 0]], 4, axis=0)
        >>> parts = iterative_parts(counts, np.ones(12, int), (0.75, 0.25), seed=0)
        >>> counts[parts == 1].sum(axis=0).tolist(), int((parts == 1).sum())
        ([2, 1], 3)
    """
    random = np.random.default_rng(seed)
    order = random.permutation(len(counts))
    order = order[np.argsort(-sizes[order], kind="stable")]  # what is left for small ones can be evened out
    shares = np.asarray(fractions, np.float64)
    left = (counts > 0).sum(axis=0)
    wanted = counts.sum(axis=0)[:, None] * shares
    # Where a label is in as many groups as there are parts, each part gets some of it.
    wanted = np.where((left >= len(shares))[:, None] & (wanted < 1), 1.0, wanted)
    room = shares * sizes.sum()
    ties = random.random(len(counts))
    found = np.full(len(counts), -1, np.int64)
    while left.any():
        label = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
        for group in order[(counts[order, label] > 0) & (found[order] < 0)]:
            part = _most(ties[group], wanted[label], room)
            found[group] = part
            wanted[:, part] -= counts[group]
            room[part] -= sizes[group]
            left -= counts[group] > 0
    for group in order[found[order] < 0]:  # without any label
        part = _most(ties[group], room)
        found[group] = part
        room[part] -= sizes[group]
    return found


def _most(tie: float, *lacks: np.ndarray) -> int:
    """The part that lacks most: of the first, where that is the same of the next, and so on; else the one of a draw."""
    best = np.arange(len(lacks[0]))
    for lack in lacks:
        own = lack[best]
        best = best[own == own.max()]
    return int(best[int(tie * len(best))])
