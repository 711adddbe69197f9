"""A number that a model tells of an image, with an interval that the right one lies in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from kerastl._base.text import brief, percent

# Significant digits of an interval's half width that a number is shown with.
_DIGITS = 2
_PLAIN = 4  # of a number that has no interval


@dataclass(frozen=True, slots=True)
class NumberPrediction:
    """What number a model gives an image.

    Args:
        name: What the number is called.
        value: The number.
        low: Lower end of the interval around it; None where the model has none.
        high: Upper end.
        coverage: How often the right number lies in such an interval, between 0 and 1.

    Example:
        >>> from kerastl.models import NumberPrediction
        >>> print(NumberPrediction("age", 31.4159, 24.2159, 38.6159, 0.9))
        age 31.4 (24.2 to 38.6 in 90 %)
    """

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    coverage: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None or self.coverage is None:
            return f"{brief(self.name)} {self.value:.{_PLAIN}g}"
        decimals = decimals_of((self.high - self.low) / 2)
        value, low, high = (f"{each:,.{decimals}f}" for each in (self.value, self.low, self.high))
        return f"{brief(self.name)} {value} ({low} to {high} in {percent(self.coverage, 0)})"

    def as_dict(self) -> dict[str, Any]:
        """The fields, as they stand in JSON."""
        return {
            "name": self.name,
            "value": _single(self.value),
            "low": None if self.low is None else _single(self.low),
            "high": None if self.high is None else _single(self.high),
            "coverage": self.coverage,
        }


def decimals_of(error: float) -> int:
    """How many decimals a number deserves that may be off by so much: those of two digits of the error.

    Example:
        >>> from kerastl.models._number import decimals_of
        >>> decimals_of(7.2), decimals_of(0.031), decimals_of(4500.0)
        (1, 3, 0)
    """
    if not (math.isfinite(error) and error > 0):
        return _PLAIN
    return max(0, min(12, _DIGITS - 1 - math.floor(math.log10(error))))


def _single(value: float) -> float:
    """Seven significant digits are what a float32 holds."""
    return float(f"{value:.7g}")
