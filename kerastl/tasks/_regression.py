"""How good numbers are."""

from __future__ import annotations

import numpy as np

from kerastl._metrics.regression import errors


def losses(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Squared error of each image: float64 `(n,)`."""
    return (answers[:, 0].astype(np.float64) - targets) ** 2


def figures(answers: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Mean squared error, as the loss, and what `kerastl._metrics.regression.errors` gives.

    Args:
        answers: float `(n, 1)`; n at least 1.
        targets: float32 `(n,)`.
    """
    return {"loss": float(losses(answers, targets).mean()), **errors(answers[:, 0], targets)}
