"""How good probabilities are where each image has any number of labels."""

from __future__ import annotations

import numpy as np

from kerastl._metrics import multilabel as metrics


def losses(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Binary cross entropy of each image, the mean over its labels, in nats: float64 `(n,)`.

    Args:
        answers: float `(n, labels)`, each in [0, 1].
        targets: bool `(n, labels)`.
    """
    return metrics.log_losses(answers, targets).mean(axis=1)


def figures(answers: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Mean loss, mean average precision (0 where no image has a label), and the fraction of labels told rightly at 0.5.

    Arguments are those of `losses`.
    """
    found = metrics.mean_average_precision(answers, targets)
    return {
        "loss": float(losses(answers, targets).mean()),
        "mean_average_precision": 0.0 if np.isnan(found) else found,
        "label_accuracy": float(((answers > 0.5) == targets).mean()),
    }
