"""The temperature that turns scores of any size into probabilities."""

from __future__ import annotations

import numpy as np

# Scores are divided by their spread before the temperature is looked for between these.
_LOWEST, _HIGHEST = 1e-3, 1e3


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
    from scipy.special import logsumexp

    n, classes = scores.shape
    centered = scores - scores.max(axis=1, keepdims=True)
    spread = float(np.sqrt(np.mean(centered**2)))
    if not spread > 0:
        return 1.0
    centered = (centered / spread).astype(np.float64)
    own, total = centered[np.arange(n), labels], centered.sum(axis=1)
    right = (n + 1) / (n + 2)
    other = (1 - right) / (classes - 1)
    expected = float(np.mean((right - other) * own + other * total))

    def loss(log_inverse: float) -> float:
        inverse = np.exp(log_inverse)
        return float(np.mean(logsumexp(inverse * centered, axis=1)) - inverse * expected)

    # Convex in 1/T, so that the minimum that is found is the only one.
    bounds = (-np.log(_HIGHEST), -np.log(_LOWEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-6})
    return spread / float(np.exp(found.x))


def log_loss(scores: np.ndarray, labels: np.ndarray, temperature: float, weights: np.ndarray) -> float:
    """Weighted mean of the cross entropy of softmax(scores / T), in nats."""
    from scipy.special import logsumexp

    logits = scores / temperature
    own = logits[np.arange(len(labels)), labels]
    return float(np.average(logsumexp(logits, axis=1) - own, weights=weights))
