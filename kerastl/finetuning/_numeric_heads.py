"""Ridge regression on one number an image: as the head of a number, and as the score of ordered classes.

Ordered classes are solved for by their rank, and what leave-one-out answers for each image says where one class ends
and the next begins.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastl.finetuning._cumulative_link import fit_cumulative_link
from kerastl.finetuning._ridge import RidgeHead
from kerastl.finetuning._ridge_solution import RidgeSolution
from kerastl.finetuning._solver_targets import TargetMatrix


def number_scale(labels: NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation of numbers, as float32 has them; the latter is 1 where all are the same."""
    values = np.asarray(labels, np.float64)
    if not len(values):
        return 0.0, 1.0
    spread = float(np.float32(values.std()))
    return float(np.float32(values.mean())), spread if spread > 0 else 1.0


def number_targets(labels: NDArray[np.floating], scale: tuple[float, float]) -> TargetMatrix:
    """Numbers as they are solved for.

    Args:
        labels: `(n,)`.
        scale: What is taken off them, and what they are divided by then.
    """
    middle, spread = scale
    return TargetMatrix((np.asarray(labels, np.float64)[:, None] - middle) / spread)


def number_head(
    solution: RidgeSolution,
    labels: NDArray[np.floating],
    weights: NDArray[np.floating],
    scale: tuple[float, float],
) -> RidgeHead:
    """Make the head of a number of a solution.

    Args:
        solution: For `number_targets`.
        labels: `(n,)`, of the rows that it was fitted to.
        weights: `(n,)`, of the same.
        scale: As for `number_targets`. The kernel gives standardized numbers, the answers have the unit of the labels.

    Returns:
        The head. Its temperature is 1, its losses are squared errors of standardized numbers, and its
        `loo_probabilities` are numbers: float32 `(m, 1)`.
    """
    middle, spread = scale
    own = (np.asarray(labels, np.float64)[solution.rows] - middle) / spread
    counting = weights[solution.rows].astype(np.float64)
    errors = (solution.fitted[:, 0] - own) ** 2, (np.average(own, weights=counting) - own) ** 2
    loss, prior_loss = (float(np.average(each, weights=counting)) for each in errors)
    answers = (solution.left_out.astype(np.float64) * spread + middle).astype(np.float32)
    return _head(solution, 1.0, answers, loss, prior_loss)


def ordinal_targets(labels: NDArray[np.int64]) -> TargetMatrix:
    """Ordered classes as they are solved for: by their ranks."""
    return TargetMatrix(labels[:, None])


def ordinal_head(
    solution: RidgeSolution, labels: NDArray[np.int64], classes: int, weights: NDArray[np.floating]
) -> RidgeHead:
    """Make the head of ordered classes of a solution.

    Args:
        solution: For `ordinal_targets`.
        labels: int64 `(n,)`, of the rows that it was fitted to.
        classes: Number of classes.
        weights: `(n,)`, of the same.

    Returns:
        The head, whose temperature is 1, since slope and thresholds make the probabilities of its answers what they
        should be, and whose thresholds its score is compared with.
    """
    from scipy.special import entr

    own, counting = labels[solution.rows], weights[solution.rows].astype(np.float64)
    link = fit_cumulative_link(solution.answers[:, 0], own, classes, counting)
    likely = link.probabilities(solution.fitted[:, 0])[np.arange(len(own)), own]
    loss = float(np.average(-np.log(np.maximum(likely, np.finfo(np.float64).tiny)), weights=counting))
    frequencies = np.bincount(own, counting, minlength=classes) / counting.sum()
    answers = link.probabilities(solution.left_out[:, 0]).astype(np.float32)
    return _head(solution, link.slope, answers, loss, float(entr(frequencies).sum()), link.thresholds)


def _head(
    solution: RidgeSolution,
    slope: float,
    answers: np.ndarray,
    loss: float,
    prior_loss: float,
    thresholds: np.ndarray | None = None,
) -> RidgeHead:
    return RidgeHead(
        (solution.kernel * slope).astype(np.float32),
        (solution.bias * slope).astype(np.float32),
        solution.strength,
        1.0,
        solution.rows if len(answers) else solution.rows[:0],
        answers,
        loss,
        prior_loss,
        solution.projected,
        thresholds,
    )
