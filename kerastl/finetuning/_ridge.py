"""The head solved in closed form: ridge regression on one-hot targets, its penalty chosen by leave-one-out."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerastl.finetuning._ridge_solution import RidgeSolution, solve_targets
from kerastl.finetuning._ridge_temperature import fit_temperature, log_loss
from kerastl.finetuning._solver_targets import OneHot
from kerastl.finetuning._standardization import RowsLike


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
        thresholds: float64 `(classes - 1,)`, what the score of ordered classes is compared with; None of others.
        mirrored: Whether mirrored images were solved on, too.
        emphasis: What the features of the last layer were multiplied by.
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
    thresholds: np.ndarray | None = None
    mirrored: bool = False
    emphasis: float = 1.0


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
    result, and so is the temperature. The bias is not penalized. Where there are more than 10,400 features and as many
    rows, a sparse random projection brings the features to that number (Li, Hastie and Church 2006), because the time
    grows with the third power of the smaller of the two.

    The penalty is chosen on some 4,000 rows, of each class its part and never fewer than two groups, by the least
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
        scratch: Folder for the projected features, `4 n 10400` bytes; default is the one for temporary files.
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
    targets = OneHot(labels, classes)
    solution = solve_targets(features, targets, weights, groups, scored=scored, seed=seed, scratch=scratch, check=check)
    return softmax_head(solution, labels, weights)


def softmax_head(solution: RidgeSolution, labels: NDArray[np.int64], weights: NDArray[np.float32]) -> RidgeHead:
    """Scale the scores of a solution for one-hot targets to probabilities.

    Args:
        solution: Of `solve_targets`.
        labels: `(n,)`, of the rows that it was fitted to.
        weights: `(n,)`, of the same.
    """
    from scipy.special import entr, softmax

    own, some = labels[solution.rows], len(solution.left_out) > 0
    temperature = fit_temperature(solution.answers, own)
    return RidgeHead(
        (solution.kernel / temperature).astype(np.float32),
        (solution.bias / temperature).astype(np.float32),
        solution.strength,
        temperature,
        solution.rows if some else solution.rows[:0],
        softmax(solution.left_out / np.float32(temperature), axis=1),
        log_loss(solution.fitted, own, temperature, weights[solution.rows].astype(np.float64)),
        float(entr(solution.means).sum()),
        solution.projected,
    )
