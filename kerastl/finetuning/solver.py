"""The head solved directly: logistic regression on features, its strength chosen by cross-validation."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np

# Inverse strengths C for an objective that averages the loss, so that they fit data of any size.
STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)
FOLDS = 3
# The strength is chosen on at most so many pictures: it depends little on more, and the time grows with them.
_ENOUGH_TO_CHOOSE = 2_000
_ITERATIONS = 100
# Rows that are scaled at a time: few enough that copies in float64 do not count.
_ROWS = 1_024


class RowsLike(Protocol):
    """What gives rows of features, such as an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


class Head(NamedTuple):
    """What a softmax layer needs.

    Args:
        kernel: float32 `(features, classes)`.
        bias: float32 `(classes,)`.
        strength: The C that was chosen, for the averaged loss.
    """

    kernel: np.ndarray
    bias: np.ndarray
    strength: float


def solve_head(
    features: RowsLike,
    labels: np.ndarray,
    classes: int,
    weights: np.ndarray,
    seed: int = 0,
    *,
    scratch: str | os.PathLike[str] | None = None,
) -> Head:
    """Fit multinomial logistic regression with an L2 penalty by L-BFGS (scikit-learn).

    Features are standardised first; the scaling is folded into the result. C is the one with the least cross
    entropy in stratified cross-validation on these pictures alone.

    Args:
        features: `(n, d)`, float: an array, or what gives its rows.
        labels: int64 `(n,)`, each class at least once.
        classes: Number of classes.
        weights: float32 `(n,)`, of each picture in the loss.
        seed: Of the folds.
        scratch: Folder for the standardised features, `4 n d` bytes, which are mapped from a file rather than held in
            memory; default is the one for temporary files.

    Returns:
        The weights of a softmax layer on the features as they are given.

    Raises:
        OSError: The disk is full.
    """
    mean, scale = _moments(features)
    with tempfile.TemporaryFile(dir=scratch) as file, _calm():
        for part in _parts(features):
            file.write(((part - mean) / scale).tobytes())
        file.flush()
        scaled = np.memmap(file, np.float32, "r", shape=(len(features), len(mean)))
        strength = _choose(scaled, labels, weights, seed)
        model = _model(strength, len(labels)).fit(scaled, labels, weights)
        del scaled  # an open map keeps the file on some systems
    kernel, bias = model.coef_.T, model.intercept_
    if classes == 2:  # scikit-learn keeps one column: the log odds of the second class
        kernel, bias = np.hstack([-kernel / 2, kernel / 2]), np.concatenate([-bias / 2, bias / 2])
    kernel = kernel / scale[:, None]
    return Head(kernel.astype(np.float32), (bias - mean @ kernel).astype(np.float32), strength)


def _parts(features: RowsLike) -> Iterator[np.ndarray]:
    """A few rows at a time, float32."""
    for start in range(0, len(features), _ROWS):
        yield np.asarray(features[start : start + _ROWS], np.float32)


def _moments(features: RowsLike) -> tuple[np.ndarray, np.ndarray]:
    """The mean of each feature, and by what to divide it so that rows have a mean squared length of 1.

    That length keeps C comparable among networks, whose numbers of features differ.
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for part in _parts(features):
        scaler.partial_fit(part.astype(np.float64))
    scale = np.maximum(np.sqrt(scaler.var_), 1e-6) * np.sqrt(len(scaler.var_))
    return scaler.mean_.astype(np.float32), scale.astype(np.float32)


def _model(strength: float, n: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    # A strict tolerance costs iterations and moves no picture across a border.
    return LogisticRegression(C=_sum_strength(strength, n), max_iter=_ITERATIONS, tol=1e-3, warm_start=True)


def _sum_strength(strength: float, n: int) -> float:
    """The C of scikit-learn, whose objective sums the loss over n pictures, for features of mean length 1."""
    return strength * 1e4 / n


def _choose(features: np.ndarray, labels: np.ndarray, weights: np.ndarray, seed: int) -> float:
    from sklearn.model_selection import StratifiedKFold

    folds = min(FOLDS, int(np.bincount(labels).min()))
    if folds < 2:
        return 1.0
    if len(labels) > _ENOUGH_TO_CHOOSE:
        rows = _stratified_rows(labels, _ENOUGH_TO_CHOOSE, seed)
        features, labels, weights = features[rows], labels[rows], weights[rows]
    splits = list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(features, labels))
    models = [_model(STRENGTHS[0], len(train)) for train, _ in splits]
    losses: list[float] = []
    with ThreadPoolExecutor(folds) as pool:
        for strength in STRENGTHS:
            for model, (train, _) in zip(models, splits, strict=True):
                model.C = _sum_strength(strength, len(train))
            tasks = [pool.submit(_loss, *pair, features, labels, weights) for pair in zip(models, splits, strict=True)]
            losses.append(sum(task.result() for task in tasks))
            if losses[-1] > min(losses):  # it falls, then rises; weak penalties take longest
                break
    return STRENGTHS[int(np.argmin(losses))]


def _stratified_rows(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Choose rows, of each class its share and never fewer than `FOLDS`."""
    random = np.random.default_rng(seed)
    chosen = []
    for label in np.unique(labels):
        rows = random.permutation(np.flatnonzero(labels == label))
        chosen.append(rows[: max(FOLDS, len(rows) * count // len(labels))])
    return np.sort(np.concatenate(chosen))


def _loss(
    model: Any,
    parts: tuple[np.ndarray, np.ndarray],
    features: np.ndarray,
    labels: np.ndarray,
    weights: np.ndarray,
) -> float:
    """Fit on the first part, from where the model stands, and return the cross entropy on the second."""
    from sklearn.metrics import log_loss

    train, test = parts
    model.fit(features[train], labels[train], weights[train])
    return log_loss(labels[test], model.predict_proba(features[test]), sample_weight=weights[test])


@contextmanager
def _calm() -> Iterator[None]:
    """One BLAS thread a fold, and no word about fits that stop at the last iteration.

    Products this small do not gain from threads; where others use the cores too, waiting threads cost ten times
    what they save.
    """
    import warnings

    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, user_api="blas"), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        yield
