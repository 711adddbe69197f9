"""What a linear head is solved for: one-hot classes, or a matrix of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from kerastl.finetuning._row_groups import RowGroups


class Targets(Protocol):
    """Targets of rows, `(n, width)`.

    Attributes:
        width: How many numbers a row has.
    """

    width: int

    def __len__(self) -> int: ...

    def of(self, rows: np.ndarray) -> np.ndarray:
        """Of rows by their numbers, whatever the shape of these: float64 `(*rows.shape, width)`."""

    def weighted(self, rows: slice, weights: np.ndarray) -> Any:
        """Of some rows, each times its weight, `(width, rows)`: what rows of features are multiplied by."""

    def take(self, rows: np.ndarray) -> Targets:
        """Those of some rows."""

    def answerable(self, groups: RowGroups) -> np.ndarray:
        """Bool `(n,)`: the rows that can be answered by what was learnt without their group."""

    def strata(self) -> np.ndarray:
        """int64 `(n,)`: what a sample should have its part of."""


class OneHot:
    """Classes.

    Args:
        labels: int64 `(n,)`, each in `[0, classes)`.
        classes: Number of classes.
    """

    def __init__(self, labels: np.ndarray, classes: int) -> None:
        self.labels = labels
        self.width = classes

    def __len__(self) -> int:
        return len(self.labels)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """See `Targets`."""
        found = np.zeros((*rows.shape, self.width))
        np.put_along_axis(found, self.labels[rows][..., None], 1, axis=-1)
        return found

    def weighted(self, rows: slice, weights: np.ndarray) -> Any:
        """See `Targets`; a sparse matrix."""
        from scipy.sparse import csr_array

        labels = self.labels[rows]
        return csr_array((weights[rows], (labels, np.arange(len(labels)))), shape=(self.width, len(labels)))

    def take(self, rows: np.ndarray) -> OneHot:
        """See `Targets`."""
        return OneHot(self.labels[rows], self.width)

    def answerable(self, groups: RowGroups) -> np.ndarray:
        """Those whose class has a row in another group: without it nothing knows that class."""
        pairs, inverse, counts = np.unique(
            groups.of_rows * self.width + self.labels, return_inverse=True, return_counts=True
        )
        others = np.bincount(self.labels, minlength=self.width)[pairs % self.width] > counts
        found: np.ndarray = others[inverse.ravel()]
        return found

    def strata(self) -> np.ndarray:
        """The classes."""
        return self.labels


class TargetMatrix:
    """Numbers, such as indicators of several labels or a measurement.

    Args:
        values: `(n, width)`.
    """

    def __init__(self, values: np.ndarray) -> None:
        self._values = np.asarray(values, np.float64)
        self.width = self._values.shape[1]

    def __len__(self) -> int:
        return len(self._values)

    def of(self, rows: np.ndarray) -> np.ndarray:
        """See `Targets`."""
        found: np.ndarray = self._values[rows]
        return found

    def weighted(self, rows: slice, weights: np.ndarray) -> np.ndarray:
        """See `Targets`."""
        return (self._values[rows] * weights[rows][:, None]).T

    def take(self, rows: np.ndarray) -> TargetMatrix:
        """See `Targets`."""
        return TargetMatrix(self._values[rows])

    def answerable(self, groups: RowGroups) -> np.ndarray:
        """All, where there are two groups."""
        return np.full(len(self), len(groups) > 1)

    def strata(self) -> np.ndarray:
        """All the same."""
        return np.zeros(len(self), np.int64)
