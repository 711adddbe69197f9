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
    wanted = shares[:, None] * counts.sum(axis=0)
    # Where a label is in as many groups as there are parts, each part gets some of it.
    wanted = np.where(((counts > 0).sum(axis=0) >= len(shares)) & (wanted < 1), 1.0, wanted)
    room = shares * sizes.sum()
    ties = random.random((len(counts), len(shares)))
    found = np.full(len(counts), -1, np.int64)
    left = (counts > 0).sum(axis=0)
    while left.any():
        label = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
        for group in order[(counts[order, label] > 0) & (found[order] < 0)]:
            part = np.lexsort((ties[group], room, wanted[:, label]))[-1]
            found[group] = part
            wanted[part] -= counts[group]
            room[part] -= sizes[group]
            left -= counts[group] > 0
    for group in order[found[order] < 0]:  # without any label
        part = np.lexsort((ties[group], room))[-1]
        found[group] = part
        room[part] -= sizes[group]
    return found
