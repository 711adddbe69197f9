"""Ridge regression on any targets, its penalty chosen by leave-one-out, and its scores of rows that are left out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from kerastl.finetuning._projection import narrowed
from kerastl.finetuning._ridge_choice import choose_penalty
from kerastl.finetuning._ridge_left_out import LeaveOneOut
from kerastl.finetuning._ridge_system import Fit, Problem, System, ridge_system
from kerastl.finetuning._row_groups import RowGroups, sample_groups
from kerastl.finetuning._solver_targets import Targets
from kerastl.finetuning._standardization import RowsLike, StandardizedRows, moments

# The penalty is chosen on some so many rows: it depends little on more.
_ENOUGH_TO_CHOOSE = 4_000
# Of more rows than this, only penalties around a first guess are tried.
_MANY = 2_000
_USUAL = 10.0**-3.5
# Scores of rows that were left out that are kept, and the operations that they may take.
_KEPT = 2**26
_OPERATIONS = 4 * 10**12


class RidgeSolution(NamedTuple):
    """Coefficients, and scores of the rows that they were fitted to.

    Args:
        kernel: float64 `(d, t)`, for features as they are given.
        bias: float64 `(t,)`.
        strength: The penalty that was chosen, for the averaged squared error.
        rows: int64 `(m,)`, ascending: the scored rows that can be answered without their group, or a sample of them;
            all rows, or a sample, where none can.
        left_out: float32 `(m, t)`: their scores when their group is left out; `(0, t)` where none can be.
        fitted: float32 `(m, t)`: by the solution itself.
        means: float64 `(t,)`, the weighted means of the targets.
        projected: To how many numbers the features were brought before; None where they were taken as they are.
    """

    kernel: np.ndarray
    bias: np.ndarray
    strength: float
    rows: np.ndarray
    left_out: np.ndarray
    fitted: np.ndarray
    means: np.ndarray
    projected: int | None

    @property
    def answers(self) -> np.ndarray:
        """What says best how good scores of new rows will be: those of rows left out, else the fitted ones."""
        return self.left_out if len(self.left_out) else self.fitted


def solve_targets(
    features: RowsLike,
    targets: Targets,
    weights: np.ndarray,
    groups: np.ndarray,
    *,
    feature_weights: np.ndarray | None = None,
    scored: np.ndarray | None = None,
    start: float | None = None,
    strength: float | None = None,
    seed: int = 0,
    scratch: str | os.PathLike[str] | None = None,
    check: Callable[[], None] | None = None,
) -> RidgeSolution:
    """Fit ridge regression to targets.

    Args:
        features: `(n, d)`, float: an array, or what gives its rows.
        targets: Of the rows.
        weights: `(n,)`, above 0, of each row in the squared error.
        groups: `(n,)`, the same number for rows that are left out together.
        feature_weights: `(d,)`, above 0: what features are multiplied by once they are standardized; default is 1.
        scored: bool `(n,)`, which rows count when the penalty is chosen; default is all.
        start: A penalty that may be about right.
        strength: The penalty to take, for the averaged squared error; default is to choose it.
        seed: Of the samples where not all rows are looked at.
        scratch: Folder for projected features; default is the one for temporary files.
        check: Called again and again; what it raises ends the work.

    Raises:
        OSError: The disk is full.
        TrainingError: Features are not finite.
    """
    mean, scale = moments(features)
    if feature_weights is not None:
        scale = weighted_scale(scale, feature_weights)
    # Their mean is 1, so that a penalty means the same whatever their size.
    relative = weights.astype(np.float64) * (len(targets) / weights.sum(dtype=np.float64))
    checked = check or (lambda: None)
    with narrowed(StandardizedRows(features, mean, scale), seed, scratch, checked) as (rows, projection):
        problem = Problem(rows, targets, relative, checked)
        solution = _solve(problem, RowGroups(groups), scored, (start, strength), seed)
        del rows, problem
    kernel = (solution.kernel if projection is None else projection.T @ solution.kernel) / scale[:, None]
    projected = None if projection is None else projection.shape[0]
    return solution._replace(kernel=kernel, bias=solution.bias - mean @ kernel, projected=projected)


def weighted_scale(scale: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """By what to divide features so that they have weights, while the mean squared length of rows stays."""
    varying = np.isfinite(scale)
    length = np.mean(weights[varying].astype(np.float64) ** 2) if varying.any() else 1.0
    divisor: np.ndarray = (scale / weights * np.sqrt(length)).astype(scale.dtype)
    return divisor


def _solve(
    problem: Problem,
    groups: RowGroups,
    scored: np.ndarray | None,
    penalties: tuple[float | None, float | None],
    seed: int,
) -> RidgeSolution:
    """The solution for rows that are standardized; `penalties` are one that may be about right, and the one to take."""
    targets = problem.targets
    counted = targets.answerable(groups) if scored is None else targets.answerable(groups) & scored
    system = ridge_system(problem)
    start, strength = penalties
    if start is None and len(targets) > _MANY:
        start = _USUAL
    if strength is None:
        chosen = sample_groups(groups, targets.strata(), _ENOUGH_TO_CHOOSE, seed)
        strength, _ = choose_penalty(LeaveOneOut(system, groups), chosen, counted, start)
    return solve_at(system, groups, counted, strength, seed)


def solve_at(system: System, groups: RowGroups, counted: np.ndarray, strength: float, seed: int) -> RidgeSolution:
    """The solution of a system for a penalty, with coefficients for its rows, and the answers for rows left out.

    Args:
        system: Of all rows.
        groups: Rows that are left out together.
        counted: bool `(n,)`, rows that can be answered and are to be.
        strength: The penalty, for the averaged squared error.
        seed: Of the sample where not all rows are answered.
    """
    targets, loo = system.problem.targets, LeaveOneOut(system, groups)
    most = min(_KEPT // targets.width, max(2 * _ENOUGH_TO_CHOOSE, _OPERATIONS // system.rank**2))
    fit = system.fit(strength)
    chosen = sample_groups(groups, targets.strata(), most, seed)
    rows, left_out, fitted = _scores(loo, chosen, strength, fit, counted)
    kernel = fit.kernel()
    bias = system.means.targets - system.means.features @ kernel
    return RidgeSolution(kernel, bias, strength, rows, left_out, fitted, system.means.targets, None)


def _scores(
    loo: LeaveOneOut, chosen: np.ndarray, strength: float, fit: Fit, counted: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Score the rows that count, or all where none does: their numbers, left out and fitted."""
    some = bool(counted.any())
    numbers, fitted, left_out = [], [], []
    for block in loo.blocks(chosen):
        rows = block.rows.ravel()
        own = counted[rows] if some else np.full(len(rows), True)
        known, unknown = (each[own].astype(np.float32) for each in loo.scores(block, strength, fit, left_out=some))
        numbers.append(rows[own])
        fitted.append(known)
        left_out.append(unknown)
    rows = np.concatenate(numbers)
    order = np.argsort(rows)
    return rows[order], np.concatenate(left_out)[order if some else order[:0]], np.concatenate(fitted)[order]
