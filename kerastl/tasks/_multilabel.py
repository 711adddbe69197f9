"""How good probabilities are where each image has any number of labels."""

from __future__ import annotations

import numpy as np


def losses(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Binary cross entropy of each image, the mean over its labels, in nats: float64 `(n,)`.

    Args:
        answers: float `(n, labels)`, each in [0, 1].
        targets: bool `(n, labels)`.
    """
    own = np.where(targets, answers, 1 - answers)
    return -np.log(np.clip(own, np.finfo(answers.dtype).eps, 1).astype(np.float64)).mean(axis=1)


def average_precisions(answers: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Average precision of each label, as scikit-learn's `average_precision_score`: float64 `(labels,)`.

    Mean of the precision over the images that have the label, each taken where the images down to its score, equal
    ones included, are called positive. NaN for a label that no image has.

    Args:
        answers: float `(n, labels)`.
        targets: bool `(n, labels)`.
    """
    found = np.full(targets.shape[1], np.nan)
    for label in np.flatnonzero(targets.any(axis=0)):
        order = np.argsort(-answers[:, label], kind="stable")
        scores, right = answers[order, label], targets[order, label]
        hits = np.cumsum(right)
        last = np.searchsorted(-scores, -scores, side="right") - 1  # the last image of the same score
        found[label] = (hits[last] / (last + 1))[right].mean()
    return found


def mean_average_precision(answers: np.ndarray, targets: np.ndarray) -> float:
    """Mean of `average_precisions` over the labels that some image has; 0 where none has any."""
    found = average_precisions(answers, targets)
    return float(np.nanmean(found)) if targets.any() else 0.0


def figures(answers: np.ndarray, targets: np.ndarray) -> dict[str, float]:
    """Mean loss and mean average precision; arguments as for `losses`, n at least 1."""
    return {
        "loss": float(losses(answers, targets).mean()),
        "map": mean_average_precision(answers, targets),
    }
