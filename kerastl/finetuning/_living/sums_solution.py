"""A head solved from kept sums: coefficients, and the answers for images that are left out."""

from __future__ import annotations

import numpy as np

from kerastl.finetuning._living.sums import HeadSums, SumsRows, places_in, scales
from kerastl.finetuning._ridge_solution import RidgeSolution, solve_at
from kerastl.finetuning._ridge_system import Fit, Means, Problem
from kerastl.finetuning._row_groups import RowGroups
from kerastl.finetuning._solver_targets import OneHot

# How much of the targets a solution may leave unexplained against its equations before it is taken on once more.
_TOLERANCE = 1e-3


def solve_from(sums: HeadSums, rows: SumsRows, groups: np.ndarray, seed: int) -> RidgeSolution | None:
    """Solve the head.

    Args:
        sums: Of these rows, in any order.
        rows: Of the images.
        groups: int64 `(m,)`, which images are left out together.
        seed: Of samples.

    Returns:
        What ridge regression gives; None where the sums are not those of the rows, or too much rounding is in them.
    """
    system = _InverseSystem(sums, rows)
    if system.left > _TOLERANCE:
        return None
    copies = np.tile(np.arange(len(rows.kept)), len(rows.parts))
    scored = np.arange(len(copies)) < len(rows.kept)
    counted = system.problem.targets.answerable(RowGroups(groups[copies])) & scored
    solution = solve_at(system, RowGroups(groups[copies]), counted, rows.choices.penalty, seed)
    kernel = solution.kernel / scales(rows.steps)[:, None]
    bias = system.means.targets - rows.mean.astype(np.float64) @ kernel
    return solution._replace(kernel=kernel, bias=bias)


class _InverseSystem:
    """The system of all rows, those of mirrored images behind the others, as `LeaveOneOut` asks for it."""

    def __init__(self, sums: HeadSums, rows: SumsRows) -> None:
        images, copies = places_in(sums, rows.kept.hashes), len(rows.parts)
        self._order = np.concatenate([images * copies + copy for copy in range(copies)])
        self._inverse, self._penalty, self.rank = sums.inverse, sums.penalty, len(rows)
        labels = np.tile(rows.kept.labels, copies)
        targets = OneHot(labels, len(rows.kept.classes))
        weights, width = np.ones(len(rows)), rows.kept.rows.shape[1]
        self.problem = Problem(np.empty((len(rows), 0), np.float32), targets, weights)
        own = targets.of(np.arange(len(rows)))
        average = own.mean(axis=0)
        self.means = Means(float(len(rows)), np.zeros(width), average, np.empty((0, 0)))
        order = np.argsort(images)
        standard = rows.standardized(order, rows.steps)
        wanted = np.empty_like(own)
        wanted[self._order] = own - average
        self.solved, self.coefficients, self.left = self._solve(standard, wanted)

    def _solve(self, rows: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        """The solution for rows in the order of the inverse, once refined, and what it left before that."""
        dtype = self._inverse.dtype
        found = (self._inverse @ wanted.astype(dtype)).astype(np.float64)
        left = wanted - self._penalty * found - _product(rows, _product(rows.T, found))
        left -= left.mean(axis=0)
        fraction = float(np.linalg.norm(left) / max(np.linalg.norm(wanted), 1e-300))
        found += self._inverse @ left.astype(dtype)
        found -= found.mean(axis=0)
        return found, _product(rows.T, found), fraction

    def fit(self, penalty: float) -> Fit:
        """See `System`; there is one penalty."""
        return self

    def read(self, rows: np.ndarray) -> None:
        """See `System`."""

    def residuals(self, rows: np.ndarray, features: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """See `Fit`."""
        own = self._order[rows]
        blocks = self._inverse[own[:, :, None], own[:, None, :]].astype(np.float64)
        # The mean, which `LeaveOneOut` takes off, is in the inverse already.
        return self._penalty * self.solved[own], self._penalty * blocks + 1 / len(self._order)

    def kernel(self) -> np.ndarray:
        """See `Fit`."""
        return self.coefficients


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    found: np.ndarray = (left @ right.astype(np.float32)).astype(np.float64)
    return found
