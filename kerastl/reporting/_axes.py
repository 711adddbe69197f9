"""Two axes of a chart on the page: from values to places in the units of its SVG, and the numbers beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kerastl._base.text import percent
from kerastl.reporting._charts import HEIGHT, WIDTH, Tick, ticks

_LEFT, _RIGHT, _TOP, _BOTTOM = 68, 8, 12, 44


@dataclass(frozen=True)
class Axes:
    """Where values stand.

    Args:
        x_name: What stands across.
        y_name: What stands up.
        x_span: The smallest and the largest value across.
        y_span: The same, up.
        x_ticks: Numbers across.
        y_ticks: Numbers up.
    """

    x_name: str
    y_name: str
    x_span: tuple[float, float]
    y_span: tuple[float, float]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    floor: float = HEIGHT - _BOTTOM
    width: float = WIDTH
    height: float = HEIGHT

    def x(self, value: float) -> float:
        """Where a value stands across."""
        return _along(value, self.x_span, self.left, self.right)

    def y(self, value: float) -> float:
        """Where a value stands, from the top."""
        return _along(value, self.y_span, self.floor, self.top)


def axes(
    names: tuple[str, str],
    x_values: np.ndarray,
    y_values: np.ndarray,
    text: Callable[[float], str] = "{:.4g}".format,
) -> Axes:
    """Axes between round numbers that hold all values.

    Args:
        names: Of both axes.
        x_values: What is to be seen across.
        y_values: The same, up.
        text: From a number beside an axis to its words.
    """
    across, up = (ticks(values, 5).tolist() for values in (x_values, y_values))
    bare = Axes(*names, (across[0], across[-1]), (up[0], up[-1]), (), ())
    return Axes(
        *names,
        bare.x_span,
        bare.y_span,
        tuple(Tick(bare.x(value), text(value)) for value in across),
        tuple(Tick(bare.y(value), text(value)) for value in up),
    )


def fraction_axes(x_name: str, y_name: str) -> Axes:
    """Axes from 0 to 1, in per cent."""
    ends = np.array([0.0, 1.0])
    return axes((x_name, y_name), ends, ends, lambda value: percent(value, 0))


def _along(value: float, span: tuple[float, float], start: float, end: float) -> float:
    return start + (value - span[0]) / (span[1] - span[0]) * (end - start)
