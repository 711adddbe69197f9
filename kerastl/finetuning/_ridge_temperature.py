"""The temperature that turns scores of any size into probabilities."""

from __future__ import annotations

import numpy as np

# Scores are divided by their spread before the temperature is looked for between these.
_LOWEST, _HIGHEST = 1e-3, 1e3
# Scores that are looked at together: what a cache holds.
_NUMBERS = 2**17
# Of more scores than this, evenly spaced rows say the same.
_ENOUGH = 2**24


def fit_temperature(scores: np.ndarray, labels: np.ndarray) -> float:
    """Find T for which softmax(scores / T) makes the labels most likely.

    As in Platt scaling (Platt 1999, section 2.2), n labels count as if one more image of each kind, right and wrong,
    had been seen: each is right with a probability of (n + 1) / (n + 2). So T stays above 0 where every answer is
    right, and a few images promise less than many.

    Args:
        scores: float `(n, classes)`, of images that the scores do not know.
        labels: int64 `(n,)`.
    """
    from scipy.optimize import minimize_scalar

    step = -(-scores.size // _ENOUGH)
    scores, labels = scores[::step], labels[::step]
    n, classes = scores.shape
    peaks = scores.max(axis=1, keepdims=True)
    spread = float(np.sqrt(np.mean((scores - peaks) ** 2, dtype=np.float64)))
    if not spread > 0:
        return 1.0
    right = (n + 1) / (n + 2)
    wrong = (1 - right) / (classes - 1)
    own = scores[np.arange(n), labels].astype(np.float64)
    expected = float(np.mean((right - wrong) * own + wrong * scores.sum(axis=1, dtype=np.float64))) / spread

    def loss(log_inverse: float) -> float:
        inverse = float(np.exp(log_inverse))
        return float(np.mean(_log_sums(scores, spread / inverse))) - inverse * expected

    # Convex in 1/T, so that the minimum that is found is the only one.
    bounds = (-np.log(_HIGHEST), -np.log(_LOWEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-4})
    return spread / float(np.exp(found.x))


def log_loss(scores: np.ndarray, labels: np.ndarray, temperature: float, weights: np.ndarray) -> float:
    """Weighted mean of the cross entropy of softmax(scores / T), in nats."""
    own = scores[np.arange(len(labels)), labels] / temperature
    return float(np.average(_log_sums(scores, temperature) - own, weights=weights))


def _log_sums(scores: np.ndarray, temperature: float) -> np.ndarray:
    """The logarithm of each row's sum of exp(scores / T), float64; SciPy's takes four times as long."""
    found = np.empty(len(scores))
    size = max(1, _NUMBERS // scores.shape[1])
    for start in range(0, len(scores), size):
        part = scores[start : start + size] / scores.dtype.type(temperature)
        peaks = part.max(axis=1, keepdims=True)
        part -= peaks
        np.exp(part, out=part)
        found[start : start + size] = np.log(part.sum(axis=1, dtype=np.float64)) + peaks[:, 0]
    return found
