"""The head solved directly: softmax regression on features, its penalty chosen by cross-validation."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from kerastl.finetuning._softmax_regression import LARGE, ROUGH, Fit, SoftmaxRegression, cross_entropy
from kerastl.finetuning._standardization import RowsLike, moments, parts

# Inverse strengths C for an objective that averages the loss, so that they fit data of any size.
STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
FOLDS = 3
# Where no class has two images, there is nothing to choose by.
_UNTRIED = 1.0
# The strength is chosen on at most so many images, unless there are more classes: it depends little on more, and the
# time grows with them.
_ENOUGH_TO_CHOOSE = 2_000


class Head(NamedTuple):
    """What a softmax layer needs.

    Args:
        kernel: float32 `(features, classes)`.
        bias: float32 `(classes,)`.
        strength: The C that was chosen, for the averaged loss.
        loss: Mean cross entropy on the training images, weighted, in nats.
        prior_loss: That of an answer which knows no more than how frequent the classes are.
        converged: False where the iterations ran out far from the solution.
    """

    kernel: np.ndarray
    bias: np.ndarray
    strength: float
    loss: float
    prior_loss: float
    converged: bool


def solve_head(
    features: RowsLike,
    labels: np.ndarray,
    classes: int,
    weights: np.ndarray,
    seed: int = 0,
    *,
    scratch: str | os.PathLike[str] | None = None,
    check: Callable[[], None] | None = None,
) -> Head:
    """Fit multinomial logistic regression with an L2 penalty by L-BFGS.

    Features are standardized first; the scaling is folded into the result. C is the one with the least cross
    entropy in stratified cross-validation on these images alone.

    Args:
        features: `(n, d)`, float: an array, or what gives its rows.
        labels: int64 `(n,)`, each in `[0, classes)`.
        classes: Number of classes, at least 2.
        weights: float32 `(n,)`, of each image in the loss.
        seed: Of the folds.
        scratch: Folder for the standardized features, `4 n d` bytes, which are mapped from a file rather than held in
            memory; default is the one for temporary files.
        check: Called again and again; what it raises ends the work.

    Returns:
        The weights of a softmax layer on the features as they are given.

    Raises:
        OSError: The disk is full.
        TrainingError: Features are not finite.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning import solve_head
        >>> labels = np.arange(60) % 3
        >>> features = np.random.default_rng(0).normal(size=(60, 5)).astype("float32") + 3 * np.eye(5)[labels]
        >>> head = solve_head(features, labels, 3, np.ones(60, "float32"))
        >>> answers = (features @ head.kernel + head.bias).argmax(axis=1)
        >>> bool((answers == labels).mean() > 0.9)
        True
    """
    from threadpoolctl import threadpool_limits

    mean, scale = moments(features)
    with tempfile.TemporaryFile(dir=scratch) as file:
        for part in parts(features):
            file.write(((part - mean) / scale).tobytes())
        file.flush()
        scaled = np.memmap(file, np.float32, "r", shape=(len(features), len(mean)))
        # One BLAS thread a fold: where others use the cores too, waiting threads cost ten times what they save.
        with threadpool_limits(1, user_api="blas"):
            strength = _choose(scaled, labels, classes, weights, seed, check)
            fit = SoftmaxRegression(scaled, labels, weights, classes, check).fit(_penalty(strength, classes))
        del scaled  # an open map keeps the file on some systems
    kernel = fit.kernel / scale[:, None]
    bias = fit.bias - mean @ kernel
    return Head(kernel.astype(np.float32), bias.astype(np.float32), strength, fit.loss, fit.prior_loss, fit.converged)


def _penalty(strength: float, classes: int) -> float:
    """What the squared weights count, for features of mean length 1.

    Of two classes only the difference of their weights matters. It counts as much as if one class had it all.
    """
    return (2 if classes == 2 else 1) / (strength * 1e4)


def _choose(
    features: np.ndarray,
    labels: np.ndarray,
    classes: int,
    weights: np.ndarray,
    seed: int,
    check: Callable[[], None] | None,
) -> float:
    rows, folds = _draw(labels, _ENOUGH_TO_CHOOSE, seed)
    if folds.max() < 0:
        return _UNTRIED
    features, labels, weights = features[rows], labels[rows], weights[rows]
    # One fold says enough about many classes, and takes a third of the time.
    count = 1 if len(features) * classes >= LARGE else folds.max() + 1
    tests = [folds == fold for fold in range(count)]
    problems = [SoftmaxRegression(features[~t], labels[~t], weights[~t], classes, check) for t in tests]
    losses: list[float] = []
    with ThreadPoolExecutor(count) as pool:
        for strength in STRENGTHS:
            penalty = _penalty(strength, classes)
            fits = list(pool.map(SoftmaxRegression.fit, problems, [penalty] * count, [ROUGH] * count))
            if losses and not all(fit.converged for fit in fits):  # a number that says nothing about this strength
                break
            losses.append(
                sum(_held_out(fit, features[t], labels[t], weights[t]) for fit, t in zip(fits, tests, strict=True))
            )
            if losses[-1] > min(losses):  # it falls, then rises; weak penalties take longest
                break
    return STRENGTHS[int(np.argmin(losses))]


def _held_out(fit: Fit, features: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> float:
    return cross_entropy(features, labels, weights, fit.kernel, fit.bias)


def _draw(labels: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Choose rows, of each class its part of `count` and never fewer than `FOLDS`, and spread them over the folds.

    Returns:
        The rows, ascending, and the fold in which each is tested; -1 for the only image of a class, which always
        belongs to the training rows.
    """
    counts = np.bincount(labels)
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    order = shuffled[np.argsort(labels[shuffled], kind="stable")]
    own = labels[order]
    place = np.arange(len(order)) - (np.cumsum(counts) - counts)[own]  # in its class
    quota = counts if len(labels) <= count else np.maximum(FOLDS, counts * count // len(labels))
    chosen = place < quota[own]
    # Classes begin with different folds, so that small ones do not all end up in the first.
    folds = np.where(counts[own] > 1, (place + own) % FOLDS, -1)
    rows = order[chosen]
    ascending = np.argsort(rows)
    return rows[ascending], folds[chosen][ascending]
