"""Which rows are left out together, and samples of them."""

from __future__ import annotations

import numpy as np


class RowGroups:
    """Rows that are left out together.

    Args:
        numbers: int64 `(n,)`, the same of rows that belong together.

    Attributes:
        sizes: int64 `(groups,)`, rows in each group, groups in the order of their first rows.
        first: int64 `(groups,)`, these rows.
    """

    def __init__(self, numbers: np.ndarray) -> None:
        _, first, inverse, counts = np.unique(numbers, return_index=True, return_inverse=True, return_counts=True)
        ascending = np.argsort(first)
        self.sizes = counts[ascending]
        self.first = first[ascending]
        self._order = np.argsort(first[inverse.ravel()], kind="stable")
        self._starts = np.cumsum(self.sizes) - self.sizes

    def __len__(self) -> int:
        return len(self.sizes)

    def rows(self, group: int) -> np.ndarray:
        """Of one group, ascending."""
        return self.of_equal_size(np.array([group]))[0]

    def of_equal_size(self, groups: np.ndarray) -> np.ndarray:
        """Rows of groups that have the same number of them, `(groups, size)`."""
        return self._order[self._starts[groups][:, None] + np.arange(self.sizes[groups[0]])]

    @property
    def of_rows(self) -> np.ndarray:
        """The group of each row, as counted here."""
        found = np.empty(len(self._order), np.int64)
        found[self._order] = np.repeat(np.arange(len(self)), self.sizes)
        return found


def sample_groups(groups: RowGroups, strata: np.ndarray, rows: int, seed: int) -> np.ndarray:
    """Draw groups that have some `rows` rows together, of each stratum its part and two at least.

    Where groups hold rows of several strata, as folds do, they are drawn without looking at these, two at least.

    Args:
        groups: To draw from.
        strata: int64 `(n,)`, such as classes.
        rows: How many.
        seed: Of the draw.

    Returns:
        Numbers of groups, ascending; all where no more rows are there.
    """
    if len(strata) <= rows:
        return np.arange(len(groups))
    own = strata[groups.first]
    if (own[groups.of_rows] != strata).any():
        own = np.zeros_like(own)
    shuffled = np.random.default_rng(seed).permutation(len(groups))
    order = shuffled[np.argsort(own[shuffled], kind="stable")]
    own, sizes = own[order], groups.sizes[order]
    starts = np.searchsorted(own, np.arange(own[-1] + 1))
    before = np.cumsum(sizes) - sizes
    before -= before[starts[own]]  # rows of its stratum that were drawn before it
    place = np.arange(len(own)) - starts[own]
    quota = np.bincount(own, sizes) * rows / len(strata)
    return np.sort(order[(before < quota[own]) | (place < 2)])
