"""Figures that training, its curves and evaluation share."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import NormalDist
from typing import Any

LEVEL = 0.95


def wilson_interval(right: int, n: int, level: float = LEVEL) -> tuple[float, float]:
    """Where a share may lie that was seen in few cases (Wilson 1927).

    Args:
        right: How many of the cases had it.
        n: How many cases, at least 1.
        level: How often such an interval holds the true share, between 0 and 1.

    Returns:
        Lower and upper end, in [0, 1].
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = right / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    reach = z / (1 + z**2 / n) * math.sqrt(share * (1 - share) / n + z**2 / (4 * n**2))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def best_epoch(history: Sequence[Mapping[str, Any]]) -> int | None:
    """Find the epoch whose weights a run keeps: the best by validation accuracy, then loss, then top-5 accuracy.

    Args:
        history: Rows of `history.csv`; values that are missing or empty count as worst.

    Returns:
        Its place in `history`, of equal ones the first; None where nothing was validated.
    """
    keys = [
        (
            _number(row.get("val_accuracy"), -math.inf),
            -_number(row.get("val_loss"), math.inf),
            _number(row.get("val_top5"), -math.inf),
        )
        for row in history
    ]
    known = [number for number, key in enumerate(keys) if key[:2] != (-math.inf, -math.inf)]
    return max(known, key=keys.__getitem__, default=None)


def _number(value: Any, missing: float) -> float:
    return missing if value in (None, "") or math.isnan(float(value)) else float(value)
