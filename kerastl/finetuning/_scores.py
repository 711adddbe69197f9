"""How well probabilities fit labels, in the few numbers that training needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from kerastl._metrics import log_losses, ranks

ScoreKind = Literal["validation", "leave_one_out"]
"""What a score is from: images that were held back, or the training images, each answered without itself."""


@dataclass(frozen=True, order=True)
class Score:
    """Score on images that the weights have not seen; better is larger: first by accuracy, then by loss.

    Args:
        accuracy: Fraction of the images whose most probable class is the right one.
        minus_loss: Minus the mean cross entropy, in nats.
        top5: Fraction of the images whose class is among the five most probable; 1 with five classes or fewer.
        kind: What the images are.
        images: How many there are.
        groups: How many of them are independent: images that are left out together count once.
    """

    accuracy: float
    minus_loss: float
    top5: float
    kind: ScoreKind = field(default="validation", compare=False)
    images: int = field(default=0, compare=False)
    groups: int = field(default=0, compare=False)

    @property
    def loss(self) -> float:
        """Mean cross entropy in nats."""
        return -self.minus_loss


def score(
    probabilities: np.ndarray, labels: np.ndarray, kind: ScoreKind = "validation", groups: np.ndarray | None = None
) -> Score:
    """Score predictions.

    Args:
        probabilities: float32 `(n, classes)`, rows sum to 1; n at least 1.
        labels: int64 `(n,)`, each in `[0, classes)`.
        kind: What the images are.
        groups: int64 `(n,)`: images of one number are not independent; None where each is.

    Returns:
        The score. Among equal probabilities the first class counts as the most probable.
    """
    rank = ranks(probabilities, labels)
    loss = log_losses(probabilities, labels).mean()
    count = len(labels)
    independent = count if groups is None else len(np.unique(groups))
    return Score(float((rank == 0).mean()), float(-loss), float((rank < 5).mean()), kind, count, independent)
