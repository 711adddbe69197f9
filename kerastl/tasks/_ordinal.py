"""How good probabilities are where each image has one class of an order."""

from __future__ import annotations

import numpy as np

from kerastl._metrics import log_losses, ranks
from kerastl._metrics.ordinal import quadratic_kappa, rank_errors
from kerastl.tasks._classification import losses as losses


def figures(answers: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Mean cross entropy, mean absolute error in ranks, quadratic kappa, and accuracy.

    Args:
        answers: float `(n, classes)`, rows sum to 1, classes in their order; n at least 1.
        targets: int64 `(n,)`.
    """
    predicted = answers.argmax(axis=1)
    return {
        "loss": float(log_losses(answers, targets).mean()),
        "mean_absolute_error": float(rank_errors(predicted, targets).mean()),
        "quadratic_kappa": quadratic_kappa(predicted, targets),
        "accuracy": float((ranks(answers, targets) == 0).mean()),
    }
