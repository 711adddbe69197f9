"""How good answers are among classes that have an order: it matters how many classes away a wrong one is.

Throughout, `predicted` and `labels` are integer arrays of shape (n,): places of classes in their order, n at least 1.
"""

from __future__ import annotations

import numpy as np


def rank_errors(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """How many classes each answer is off: int64 (n,), 0 for a right one."""
    return np.abs(np.asarray(predicted, np.int64) - np.asarray(labels, np.int64))


def quadratic_kappa(predicted: np.ndarray, labels: np.ndarray) -> float:
    """Cohen's kappa with squared distances as weights (Cohen 1968): 1 is perfect, 0 what chance would reach.

    One minus the mean squared distance of answers and classes over the one that the same answers would have if they
    were dealt out at random. It is not defined where each answer and each class is the same one; that counts as 1.
    """
    p, t = np.asarray(predicted, np.float64), np.asarray(labels, np.float64)
    # E[(p - t)^2] for independent p and t, so that no table of all pairs of classes is needed.
    by_chance = (p**2).mean() + (t**2).mean() - 2 * p.mean() * t.mean()
    return 1.0 if by_chance == 0 else float(1 - ((p - t) ** 2).mean() / by_chance)
