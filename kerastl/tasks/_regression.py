"""How good numbers are."""

from __future__ import annotations

import numpy as np


def losses(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Squared error of each image: float64 `(n,)`."""
    return (answers[:, 0].astype(np.float64) - targets) ** 2


def figures(answers: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Mean squared error, mean absolute error and root mean squared error.

    Args:
        answers: float `(n, 1)`; n at least 1.
        targets: float32 `(n,)`.
    """
    squared = losses(answers, targets)
    return {
        "loss": float(squared.mean()),
        "mae": float(np.sqrt(squared).mean()),
        "rmse": float(np.sqrt(squared.mean())),
    }
