"""How good probabilities are where each image has one class."""

from __future__ import annotations

import numpy as np

from kerastl._metrics import log_losses, ranks


def losses(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Cross entropy of each image in nats: float64 `(n,)`."""
    return log_losses(answers, targets)


def figures(answers: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Mean loss, accuracy and top-5 accuracy; among equal probabilities the first class counts as the most probable.

    Args:
        answers: float `(n, classes)`, rows sum to 1; n at least 1.
        targets: int64 `(n,)`.
    """
    rank = ranks(answers, targets)
    return {
        "loss": float(log_losses(answers, targets).mean()),
        "accuracy": float((rank == 0).mean()),
        "top5": float((rank < 5).mean()),
    }
