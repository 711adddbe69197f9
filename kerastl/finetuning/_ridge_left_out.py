"""Ridge regression's answers for groups of rows, each as if the group had been left out, without fitting again.

For a group G of a linear smoother with hat matrix H the residuals are (I - H_GG)^-1 e_G, where e_G are those of the
solution with all rows (Cook and Weisberg, Residuals and Influence in Regression, 1982, equation 2.2.7 and section 3.6).
Groups with more rows than there are eigenvectors are taken out of the normal equations instead, which is then the
smaller system. Both are what fitting without the group gives, but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kerastl.finetuning._ridge_basis import Problem, RidgeBasis
from kerastl.finetuning._standardization import ROWS


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


class SmallGroups(NamedTuple):
    """Groups of one size.

    Args:
        rows: Their numbers, `(groups, size)`.
        rotated: In the basis, `(groups, size, r)`.
    """

    rows: np.ndarray
    rotated: np.ndarray


class LargeGroup(NamedTuple):
    """A group of more rows than there are eigenvectors.

    Args:
        rows: Those that are looked at, `(m,)`.
        rotated: In the basis, `(m, r)`.
        gram: Of all its rows with a leading 1, weighted, `(1 + r, 1 + r)`.
        moments: Their weighted products with the one-hot targets, `(1 + r, classes)`.
    """

    rows: np.ndarray
    rotated: np.ndarray
    gram: np.ndarray
    moments: np.ndarray


class LeaveOneOut:
    """Computes scores of rows whose group is left out.

    Args:
        problem: With all rows.
        basis: Of that problem.
        groups: Which rows belong together.
    """

    def __init__(self, problem: Problem, basis: RidgeBasis, groups: RowGroups) -> None:
        self.problem = problem
        self.basis = basis
        self._groups = groups

    def blocks(self, chosen: np.ndarray, seen: int | None = None) -> Iterator[SmallGroups | LargeGroup]:
        """Read groups, some rows at a time.

        Args:
            chosen: Numbers of groups, ascending.
            seen: Rows of a large group that get scores, spread over it; default is all.
        """
        large = self._groups.sizes[chosen] > max(len(self.basis.eigenvalues), 1)
        small = chosen[~large]
        batch = np.cumsum(self._groups.sizes[small]) // ROWS
        for number in np.unique(batch):
            yield from self._small(small[batch == number])
        for group in chosen[large]:
            yield from self._large(self._groups.rows(group), seen)

    def _small(self, groups: np.ndarray) -> Iterator[SmallGroups]:
        sizes = self._groups.sizes[groups]
        tables = [self._groups.of_equal_size(groups[sizes == size]) for size in np.unique(sizes)]
        rows = np.sort(np.concatenate([table.ravel() for table in tables]))
        self.problem.check()
        rotated = self.basis.rotate(rows)
        for table in tables:
            yield SmallGroups(table, rotated[np.searchsorted(rows, table)])

    def _large(self, rows: np.ndarray, seen: int | None) -> Iterator[LargeGroup]:
        width = 1 + len(self.basis.eigenvalues)
        gram, moments = np.zeros((width, width)), np.zeros((width, self.problem.classes))
        for part in _split(rows):
            self.problem.check()
            extended = _extended(self.basis.rotate(part))
            weighted = extended * self.problem.weights[part][:, None]
            gram += weighted.T @ extended
            moments += weighted.T @ self._targets(part)
        if seen is not None and seen < len(rows):
            rows = rows[np.linspace(0, len(rows) - 1, seen).astype(np.int64)]
        for part in _split(rows):
            yield LargeGroup(part, self.basis.rotate(part), gram, moments)

    def scores(self, block: SmallGroups | LargeGroup, penalty: float) -> np.ndarray:
        """Scores of the block's rows with their group left out, float64 `(rows, classes)`, rows in their order.

        Args:
            block: Of `blocks`.
            penalty: Relative to the sum of the weights.
        """
        without = self._without_small if isinstance(block, SmallGroups) else self._without_large
        return without(block, penalty)  # type: ignore[arg-type]

    def fitted(self, block: SmallGroups | LargeGroup, penalty: float) -> np.ndarray:
        """Scores of the block's rows by the solution with all rows, as `scores`."""
        basis = self.basis
        coefficients = basis.coefficients(penalty).astype(block.rotated.dtype)
        flat = block.rotated.reshape(block.rows.size, len(basis.eigenvalues))
        return (flat @ coefficients).astype(np.float64) + basis.priors

    def _without_small(self, block: SmallGroups, penalty: float) -> np.ndarray:
        basis, rows = self.basis, block.rows
        roots = np.sqrt(self.problem.weights[rows])[..., None]
        targets = self._targets(rows)
        residuals = roots * (targets - self.fitted(block, penalty).reshape(targets.shape))
        divided = block.rotated / np.sqrt(basis.penalized(penalty)).astype(block.rotated.dtype)
        hat = roots * (1 / basis.weight + divided @ divided.swapaxes(1, 2)) * roots.swapaxes(1, 2)
        left_out = np.linalg.solve(np.eye(rows.shape[1]) - hat, residuals)
        return (targets - left_out / roots).reshape(-1, targets.shape[-1])

    def _without_large(self, block: LargeGroup, penalty: float) -> np.ndarray:
        from scipy.linalg import solve

        basis = self.basis
        gram = np.diag(np.r_[basis.weight, basis.penalized(penalty)]) - block.gram
        moments = np.vstack([basis.weight * basis.priors, basis.moments]) - block.moments
        return _extended(block.rotated) @ solve(gram, moments, assume_a="pos", overwrite_a=True, overwrite_b=True)

    def _targets(self, rows: np.ndarray) -> np.ndarray:
        targets = np.zeros((*rows.shape, self.problem.classes))
        np.put_along_axis(targets, self.problem.labels[rows][..., None], 1, axis=-1)
        return targets


def _extended(rotated: np.ndarray) -> np.ndarray:
    return np.hstack([np.ones((len(rotated), 1)), rotated])


def _split(rows: np.ndarray) -> Sequence[np.ndarray]:
    return [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
