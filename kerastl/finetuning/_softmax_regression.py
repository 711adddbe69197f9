"""Softmax regression with an L2 penalty, solved by L-BFGS.

scikit-learn minimizes the same sum. It compares its tolerance with the gradient as it is, which falls with the number
of classes: from some 100 on, zeros passed for the solution. And it computes in float64, which takes twice as long where
there is most to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

# A solution is reached when no entry of the gradient is above this fraction of the largest one at the start: losses
# are then within some 1e-3 of the least, and what is right stays right.
TOLERANCE = 3e-4
# Enough to compare penalties by, at half the steps.
ROUGH = 2e-3
# When the steps have run out, or rounding hides the way, what came as near as this counts all the same.
_NEARLY = 0.01
# The hardest of those that were tried took 180 steps.
_STEPS = 500
# From this many logits on, float32 will do: rounding, which ends a search too early, averages out over rows.
LARGE = 10**6
# Logits that are held at a time.
_LOGITS = 2**22


class Fit(NamedTuple):
    """A solution.

    Args:
        kernel: float64 `(features, classes)`.
        bias: float64 `(classes,)`.
        loss: Mean cross entropy on the training rows in nats, without the penalty.
        prior_loss: The same of the start: no features, and the classes as frequent as they are.
        converged: Whether it is one; otherwise the steps have run out far from it.
    """

    kernel: np.ndarray
    bias: np.ndarray
    loss: float
    prior_loss: float
    converged: bool


class SoftmaxRegression:
    """One problem, to be solved with several penalties: each solution starts from the one before.

    Args:
        features: float32 `(n, d)`, centered; may be a memory map.
        labels: int64 `(n,)`, each in `[0, classes)`.
        weights: float32 `(n,)`, of each row in the loss.
        classes: At least 2.
        check: Called again and again; what it raises ends the work.
    """

    def __init__(
        self,
        features: np.ndarray,
        labels: np.ndarray,
        weights: np.ndarray,
        classes: int,
        check: Callable[[], None] | None = None,
    ) -> None:
        self._features = features
        self._labels = labels
        self._weights = weights / weights.sum(dtype=np.float64)
        self._check = check
        self._dtype = np.dtype(np.float32 if len(features) * classes >= LARGE else np.float64)
        frequency = np.bincount(labels, self._weights, minlength=classes)
        self._point = np.zeros((features.shape[1] + 1, classes))
        self._point[-1] = np.log(np.maximum(frequency, 0.5 / len(labels)))
        self._prior_loss, gradient = self._loss_and_gradient(self._point)
        self._steepest = float(np.abs(gradient[:-1]).max())

    def fit(self, penalty: float, tolerance: float = TOLERANCE) -> Fit:
        """Minimize the mean cross entropy + `penalty / 2` times the sum of the squared weights; the bias goes free."""
        from scipy.optimize import minimize

        def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
            if self._check is not None:
                self._check()
            point = flat.reshape(self._point.shape)
            loss, gradient = self._loss_and_gradient(point)
            kernel = point[:-1]
            gradient[:-1] += penalty * kernel
            return loss + penalty / 2 * float(np.vdot(kernel, kernel)), gradient.ravel()

        if self._steepest > 0:  # else no row differs from another
            options: dict[str, Any] = {
                "maxiter": _STEPS,
                "gtol": tolerance * self._steepest,
                "ftol": np.finfo(self._dtype).eps / 10,
            }
            found = minimize(objective, self._point.ravel(), method="L-BFGS-B", jac=True, options=options)
            self._point = found.x.reshape(self._point.shape)
            converged = found.status == 0 or bool(np.abs(found.jac).max() <= _NEARLY * self._steepest)
        else:
            converged = True
        kernel, bias = self._point[:-1], self._point[-1]
        loss = cross_entropy(self._features, self._labels, self._weights, kernel, bias)
        return Fit(kernel, bias, loss, self._prior_loss, converged)

    def _loss_and_gradient(self, point: np.ndarray) -> tuple[float, np.ndarray]:
        gradient = np.zeros(point.shape)
        total = 0.0
        for part, rows, logits in _shifted_logits(self._features, point[:-1], point[-1], self._dtype):
            labels, weights = self._labels[part], self._weights[part]
            own = logits[np.arange(len(labels)), labels]
            np.exp(logits, out=logits)
            sums = logits.sum(axis=1, dtype=np.float64)
            total += float(np.vdot(weights, np.log(sums) - own))
            logits *= (weights / sums).astype(self._dtype)[:, None]
            logits[np.arange(len(labels)), labels] -= weights
            gradient[:-1] += rows.T @ logits
            gradient[-1] += logits.sum(axis=0)
        return total, gradient


def cross_entropy(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, kernel: np.ndarray, bias: np.ndarray
) -> float:
    """Return the weighted mean cross entropy of a solution, in nats; arguments as above."""
    total = 0.0
    for part, _, logits in _shifted_logits(features, kernel, bias, np.dtype(np.float64)):
        own = logits[np.arange(len(logits)), labels[part]]
        total += float(np.vdot(weights[part], np.log(np.exp(logits).sum(axis=1, dtype=np.float64)) - own))
    return total / float(weights.sum(dtype=np.float64))


def _shifted_logits(
    features: np.ndarray, kernel: np.ndarray, bias: np.ndarray, dtype: np.dtype
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """A few rows at a time: which, their features, and their logits, the largest of each row 0."""
    kernel, bias = kernel.astype(dtype), (bias - bias.max()).astype(dtype)
    size = max(64, _LOGITS // len(bias))
    for start in range(0, len(features), size):
        part = slice(start, start + size)
        rows = features[part].astype(dtype, copy=False)
        logits = rows @ kernel
        logits += bias
        logits -= logits.max(axis=1, keepdims=True)
        yield part, rows, logits
