"""How well probabilities fit labels, in the few numbers that training needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerastl._metrics import log_losses, ranks


@dataclass(frozen=True, order=True)
class Score:
    """Validation score; better is larger: first by accuracy, then by loss.

    Args:
        accuracy: Fraction of the images whose most probable class is the right one.
        minus_loss: Minus the mean cross entropy, in nats.
        top5: Fraction of the images whose class is among the five most probable; 1 with five classes or fewer.
    """

    accuracy: float
    minus_loss: float
    top5: float

    @property
    def loss(self) -> float:
        """Mean cross entropy in nats."""
        return -self.minus_loss


def score(probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Score predictions.

    Args:
        probabilities: float32 `(n, classes)`, rows sum to 1; n at least 1.
        labels: int64 `(n,)`, each in `[0, classes)`.

    Returns:
        The score. Among equal probabilities the first class counts as the most probable.
    """
    rank = ranks(probabilities, labels)
    loss = log_losses(probabilities, labels).mean()
    return Score(float((rank == 0).mean()), float(-loss), float((rank < 5).mean()))
