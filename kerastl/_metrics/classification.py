"""Metrics that training, evaluation and answers share: the best classes, ranks, log loss, the best epoch, intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from kerastl.errors import ModelError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

LEVEL = 0.95


def wilson_interval(right: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Where a fraction may lie that was seen in few cases (Wilson 1927).

    Args:
        right: How many of the cases had it.
        n: How many cases, at least 1.
        level: How often such an interval holds the true fraction, between 0 and 1.

    Returns:
        Lower and upper end, in [0, 1].
    """
    from statistics import NormalDist  # takes 1 ms to import, and a warm `classify` needs none

    z = NormalDist().inv_cdf((1 + level) / 2)
    fraction = right / n
    middle = (fraction + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(fraction * (1 - fraction) / n + z**2 / (4 * n**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def top_k(scores: ArrayLike, k: int = 5) -> np.ndarray:
    """Find the indices of the k largest scores of each row.

    Equal scores go to the lower index.

    Args:
        scores: Array of shape (n, classes) or (classes,).
        k: How many; more than there are classes means all.

    Returns:
        Integer array of shape (n, min(k, classes)) or (min(k, classes),), best first.

    Raises:
        UsageError: `k` is less than 1, or `scores` has another number of axes.
        ModelError: A score is not a number.
    """
    import numpy as np

    values = np.asarray(scores)
    if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
        raise UsageError(f"top must be a whole number of at least 1. Received: {k!r}")
    if values.ndim not in (1, 2):
        raise UsageError(f"scores must have shape (classes,) or (n, classes). Received: {values.shape}")
    if np.isnan(values).any():
        raise ModelError("the model's scores are not numbers (NaN): its weights or its input are broken")
    # A stable sort of the negated scores keeps equal ones in the order of their index.
    return np.argsort(-values, axis=-1, kind="stable")[..., :k]


def ranks(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where the right class stands among the classes, from the most probable down.

    Equal probabilities stand in the order of their index, as in `top_k`. scikit-learn's
    `top_k_accuracy_score` orders them the other way round, which would contradict the predictions.

    Args:
        probabilities: Float array of shape (n, classes).
        labels: Integer array of shape (n,), values in [0, classes).

    Returns:
        Integer array of shape (n,), 0 for the most probable class.
    """
    import numpy as np

    own = probabilities[np.arange(len(labels)), labels][:, None]
    before = np.arange(probabilities.shape[1]) < labels[:, None]
    return ((probabilities > own) | ((probabilities == own) & before)).sum(axis=1)


def log_losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross entropy of each image in nats: float64 array of shape (n,).

    Their mean is scikit-learn's `log_loss`. As there, a probability of 0 counts as the smallest step of the floating
    point numbers that it came in: 1.2e-7 in float32, where the loss is 15.9.

    Args:
        probabilities: Float array of shape (n, classes), rows sum to 1.
        labels: Integer array of shape (n,), values in [0, classes).
    """
    import numpy as np

    own = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.clip(own, np.finfo(probabilities.dtype).eps, 1).astype(np.float64))


class Compared(Protocol):
    """A figure that epochs are compared by."""

    @property
    def name(self) -> str:
        """In the history."""

    @property
    def higher_is_better(self) -> bool:
        """Whether more is better."""


def best_epoch(history: Sequence[Mapping[str, Any]], figure: Compared | None = None) -> int | None:
    """Find the epoch whose weights a run keeps: the best by validation accuracy, then loss, then top-5 accuracy.

    Where nothing was validated, the same by leave-one-out. A row that is marked as kept goes before all.

    Args:
        history: Rows of `history.csv`; values that are missing or empty count as worst.
        figure: What goes before the loss; None is the accuracy.

    Returns:
        Its place in `history`, of equal ones the first; None where nothing was validated or left out.
    """
    if (marked := next((n for n, row in enumerate(history) if row.get("kept") in (1, "1")), None)) is not None:
        return marked
    name, sign = ("accuracy", 1) if figure is None else (figure.name, 1 if figure.higher_is_better else -1)
    for part in ("val", "loo"):
        keys = [
            (
                sign * _number(row.get(f"{part}_{name}"), -sign * math.inf),
                -_number(row.get(f"{part}_loss"), math.inf),
                _number(row.get(f"{part}_top5"), -math.inf),
            )
            for row in history
        ]
        known = [number for number, key in enumerate(keys) if key[:2] != (-math.inf, -math.inf)]
        if known:
            return max(known, key=keys.__getitem__)
    return None


def _number(value: Any, missing: float) -> float:
    return missing if value in (None, "") or math.isnan(float(value)) else float(value)
