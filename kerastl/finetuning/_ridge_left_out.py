"""Ridge regression's answers for groups of rows, each as if the group had been left out, without fitting again.

For a group G of a linear smoother with hat matrix H the residuals are (I - H_GG)^-1 e_G, where e_G are those of the
solution with all rows (Cook and Weisberg, Residuals and Influence in Regression, 1982, equation 2.2.7 and section 3.6).
Groups with more rows than there are features are taken out of the normal equations instead, which is then the smaller
system. Both are what fitting without the group gives, but for rounding.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from kerastl.finetuning._ridge_system import Fit, PrimalSystem, System
from kerastl.finetuning._row_groups import RowGroups
from kerastl.finetuning._standardization import ROWS


class SmallGroups(NamedTuple):
    """Groups of one size.

    Args:
        rows: Their numbers, `(groups, size)`.
        features: What the system needs of them.
    """

    rows: np.ndarray
    features: np.ndarray | None


class LargeGroup(NamedTuple):
    """A group of more rows than there are features.

    Args:
        rows: Those that are looked at, `(m,)`.
        extended: Their centered features with a leading 1, `(m, 1 + d)`.
        gram: Of all its rows, weighted, `(1 + d, 1 + d)`.
        moments: Their weighted products with the targets, `(1 + d, t)`.
    """

    rows: np.ndarray
    extended: np.ndarray
    gram: np.ndarray
    moments: np.ndarray


class LeaveOneOut:
    """Computes scores of rows whose group is left out.

    Args:
        system: Of all rows.
        groups: Which rows belong together.
    """

    def __init__(self, system: System, groups: RowGroups) -> None:
        self.system = system
        self.problem = system.problem
        self._groups = groups

    def blocks(self, chosen: np.ndarray, seen: int | None = None) -> Iterator[SmallGroups | LargeGroup]:
        """Read groups, some rows at a time.

        Args:
            chosen: Numbers of groups, ascending.
            seen: Rows of a large group that get scores, spread over it; default is all.
        """
        large = self._groups.sizes[chosen] > self.system.rank
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
        features = self.system.read(rows)
        for table in tables:
            yield SmallGroups(table, None if features is None else features[np.searchsorted(rows, table)])

    def _large(self, rows: np.ndarray, seen: int | None) -> Iterator[LargeGroup]:
        targets, width = self.problem.targets, 1 + self.system.rank
        gram, moments = np.zeros((width, width)), np.zeros((width, targets.width))
        for part in _split(rows):
            self.problem.check()
            extended = self._extended(part)
            weighted = extended * self.problem.weights[part][:, None]
            gram += weighted.T @ extended
            moments += weighted.T @ targets.of(part)
        if seen is not None and seen < len(rows):
            rows = rows[np.linspace(0, len(rows) - 1, seen).astype(np.int64)]
        for part in _split(rows):
            yield LargeGroup(part, self._extended(part), gram, moments)

    def _extended(self, rows: np.ndarray) -> np.ndarray:
        features = self.system.read(rows)
        assert features is not None  # noqa: S101 - large groups are those of a primal system
        return np.hstack([np.ones((len(features), 1)), features])

    def scores(
        self, block: SmallGroups | LargeGroup, penalty: float, fit: Fit, *, left_out: bool = True
    ) -> tuple[np.ndarray, np.ndarray]:
        """Scores of the block's rows by the solution with all rows, and with their group left out.

        Args:
            block: Of `blocks`.
            penalty: Relative to the sum of the weights.
            fit: The solution for it.
            left_out: Whether the latter are wanted; where not, they are those with all rows.

        Returns:
            Both float64 `(rows, t)`, rows in their order.
        """
        if isinstance(block, LargeGroup):
            fitted = block.extended[:, 1:] @ fit.kernel() + self.system.means.targets
            return fitted, self._without_large(block, penalty) if left_out else fitted
        targets, roots = self.problem.targets.of(block.rows), np.sqrt(self.problem.weights[block.rows])[..., None]
        residuals, rest = fit.residuals(block.rows, block.features)
        found = [residuals]
        if left_out:
            # The mean is fitted, too; it is a feature that is not penalized.
            rest = rest - roots * roots.swapaxes(1, 2) / self.system.means.weight
            found.append(np.linalg.solve(rest, residuals))
        fitted, without = ((targets - each / roots).reshape(-1, targets.shape[-1]) for each in (found[0], found[-1]))
        return fitted, without

    def _without_large(self, block: LargeGroup, penalty: float) -> np.ndarray:
        from scipy.linalg import solve

        system, means = self.system, self.system.means
        assert isinstance(system, PrimalSystem)  # noqa: S101 - large groups are those of a primal system
        gram, moments = -block.gram, -block.moments
        gram[0, 0] += means.weight
        gram[1:, 1:] += system.gram
        gram[np.arange(1, len(gram)), np.arange(1, len(gram))] += penalty * means.weight
        moments[0] += means.weight * means.targets
        moments[1:] += means.moments
        found: np.ndarray = block.extended @ solve(gram, moments, assume_a="pos", overwrite_a=True, overwrite_b=True)
        return found


def _split(rows: np.ndarray) -> Sequence[np.ndarray]:
    return [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)]
