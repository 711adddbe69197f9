"""The head solved in closed form: ridge regression on one-hot targets, its penalty chosen by leave-one-out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerastl.finetuning._projection import narrowed
from kerastl.finetuning._ridge_basis import Problem, ridge_basis
from kerastl.finetuning._ridge_choice import choose_penalty, counted_rows, sample_groups
from kerastl.finetuning._ridge_left_out import LeaveOneOut, RowGroups
from kerastl.finetuning._ridge_temperature import fit_temperature, log_loss
from kerastl.finetuning._standardization import RowsLike, StandardizedRows, moments

# The penalty is chosen on some so many rows: it depends little on more.
_ENOUGH_TO_CHOOSE = 8_000
# Probabilities of rows that were left out that are kept.
_KEPT = 2**26


class RidgeHead(NamedTuple):
    """What a softmax layer needs, and what it is worth.

    Args:
        kernel: float32 `(features, classes)`, divided by the temperature.
        bias: float32 `(classes,)`, divided by the temperature.
        strength: The penalty that was chosen, for the averaged squared error.
        temperature: Of the scores, before it was folded in.
        loo_rows: int64 `(m,)`, ascending: the scored rows whose class has rows in other groups, or a sample of them
            where their probabilities would not fit in memory.
        loo_probabilities: float32 `(m, classes)`, of each of them when its group is left out.
        loss: Mean cross entropy of these rows by the head itself (of all where there are none), weighted, in nats.
        prior_loss: That of an answer which knows no more than how frequent the classes are.
        projected: To how many numbers the features were brought before; None where they were taken as they are.
    """

    kernel: np.ndarray
    bias: np.ndarray
    strength: float
    temperature: float
    loo_rows: np.ndarray
    loo_probabilities: np.ndarray
    loss: float
    prior_loss: float
    projected: int | None


def solve_ridge(
    features: RowsLike,
    labels: NDArray[np.int64],
    classes: int,
    weights: NDArray[np.float32],
    groups: NDArray[np.int64],
    *,
    scored: NDArray[np.bool_] | None = None,
    seed: int = 0,
    scratch: str | os.PathLike[str] | None = None,
    check: Callable[[], None] | None = None,
) -> RidgeHead:
    """Fit ridge regression on one-hot targets and scale its scores to probabilities, both by leave-one-out.

    Features are standardized first; the scaling, which is that of all rows whichever are left out, is folded into the
    result, and so is the temperature. The bias is not penalized. Where there are more than 4,096 features and as many
    rows, a sparse random projection brings the features to that number (Li, Hastie and Church 2006), because the time
    grows with the third power of the smaller of the two.

    The penalty is chosen on some 8,000 rows, of each class its part and never fewer than two groups, by the least
    squared error when each row's group is left out; the temperature by the least log loss. What is expected of new
    images is therefore said by the rows that both were chosen on, which flatters a little, while leaving rows out says
    too little of few rows.

    Args:
        features: `(n, d)`, float: an array, or what gives its rows.
        labels: `(n,)`, each in `[0, classes)`.
        classes: Number of classes, at least 2.
        weights: `(n,)`, above 0, of each row in the squared error.
        groups: `(n,)`, the same number for rows that are left out together, such as the copies of an image.
        scored: `(n,)`, which rows count when penalty and temperature are chosen; default is all.
        seed: Of the samples where not all rows are looked at.
        scratch: Folder for the projected features, `4 n 4096` bytes; default is the one for temporary files.
        check: Called again and again; what it raises ends the work.

    Returns:
        The weights of a softmax layer on the features as they are given.

    Raises:
        OSError: The disk is full.
        TrainingError: Features are not finite.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning import solve_ridge
        >>> labels = np.arange(60) % 3
        >>> features = np.random.default_rng(0).normal(size=(60, 5)).astype("float32") + 3 * np.eye(5)[labels]
        >>> head = solve_ridge(features, labels, 3, np.ones(60, "float32"), np.arange(60))
        >>> bool((head.loo_probabilities.argmax(axis=1) == labels).mean() > 0.9)
        True
    """
    mean, scale = moments(features)
    # Their mean is 1, so that a penalty means the same whatever their size.
    relative = weights.astype(np.float64) * (len(labels) / weights.sum(dtype=np.float64))
    checked = check or (lambda: None)
    with narrowed(StandardizedRows(features, mean, scale), seed, scratch, checked) as (rows, projection):
        head = _solve(Problem(rows, labels, relative, classes, checked), RowGroups(groups), scored, seed)
        del rows
    kernel = (head.kernel if projection is None else projection.T @ head.kernel) / scale[:, None]
    return head._replace(
        kernel=kernel.astype(np.float32),
        bias=(head.bias - mean @ kernel).astype(np.float32),
        projected=None if projection is None else projection.shape[0],
    )


def _solve(problem: Problem, groups: RowGroups, scored: np.ndarray | None, seed: int) -> RidgeHead:
    """The head for rows that are standardized, in float64."""
    from scipy.special import entr, softmax

    labels, classes = problem.labels, problem.classes
    counted = counted_rows(labels, classes, groups, scored)
    basis = ridge_basis(problem)
    loo = LeaveOneOut(problem, basis, groups)
    strength = choose_penalty(loo, sample_groups(groups, labels, _ENOUGH_TO_CHOOSE, seed), counted)
    answers = _answer(loo, sample_groups(groups, labels, _KEPT // classes, seed), strength, counted)
    own = labels[answers.rows]
    temperature = fit_temperature(answers.left_out if counted.any() else answers.fitted, own)
    kernel = basis.kernel_of(basis.coefficients(strength)) / temperature
    return RidgeHead(
        kernel,
        basis.priors / temperature - basis.mean @ kernel,
        strength,
        temperature,
        answers.rows if counted.any() else answers.rows[:0],
        softmax(answers.left_out / np.float32(temperature), axis=1),
        log_loss(answers.fitted, own, temperature, problem.weights[answers.rows]),
        float(entr(basis.priors).sum()),
        None,
    )


class _Answers(NamedTuple):
    """Scores of rows, `(rows, classes)`.

    Args:
        rows: Their numbers, ascending.
        left_out: By the solution without their group; empty where no row counts.
        fitted: By the solution with all rows.
    """

    rows: np.ndarray
    left_out: np.ndarray
    fitted: np.ndarray


def _answer(loo: LeaveOneOut, chosen: np.ndarray, strength: float, counted: np.ndarray) -> _Answers:
    """Score the rows that count, or all where none does."""
    rows, left_out, fitted = [], [], []
    for block in loo.blocks(chosen):
        numbers = block.rows.ravel()
        own = counted[numbers] if counted.any() else slice(None)
        rows.append(numbers[own])
        fitted.append(loo.fitted(block, strength)[own].astype(np.float32))
        if counted.any():
            left_out.append(loo.scores(block, strength)[own].astype(np.float32))
    numbers = np.concatenate(rows)
    ascending = np.argsort(numbers)
    none = np.empty((0, loo.problem.classes), np.float32)
    return _Answers(
        numbers[ascending],
        np.concatenate(left_out)[ascending] if left_out else none,
        np.concatenate(fitted)[ascending],
    )
