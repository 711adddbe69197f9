"""Where the points of a page's scatter plots stand: predicted against true numbers, and what is left between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerastl.evaluation._regression_result import RegressionEvaluation
from kerastl.reporting._axes import Axes, axes

# More points would make the file large, and show nothing more.
POINTS = 2_000


@dataclass(frozen=True)
class Scatter:
    """Points, and a line where they would all be if every number were exact.

    Args:
        title: What it shows.
        points: One path with a dot an image.
        line: The line, as an SVG path.
        band: What intervals reach, as an SVG path; empty where the model has none.
        axes: Of the chart.
    """

    title: str
    points: str
    line: str
    band: str
    axes: Axes


def drawn(evaluation: RegressionEvaluation) -> int:
    """How many of the images have a point."""
    return min(len(evaluation), POINTS)


def scatters(evaluation: RegressionEvaluation) -> list[Scatter]:
    """Predicted against true numbers, and errors against true numbers."""
    some = _some(len(evaluation))
    truth, predicted = evaluation.truth[some], evaluation.predicted[some]
    width = evaluation.half_width
    return [
        _scatter("Predicted against true", ("true", "predicted"), truth, predicted, 1.0, width),
        _scatter("Errors against true", ("true", "predicted minus true"), truth, predicted - truth, 0.0, width),
    ]


def _some(n: int) -> np.ndarray:
    """Which images are drawn: all, or some of them at random, the same ones each time."""
    return np.arange(n) if n <= POINTS else np.sort(np.random.default_rng(0).choice(n, POINTS, replace=False))


def _scatter(
    title: str, names: tuple[str, str], x: np.ndarray, y: np.ndarray, slope: float, width: float | None
) -> Scatter:
    """Lay out points, and the line y = slope * x where exact numbers stand."""
    # One scale for both where they are compared with each other; else zero must be seen.
    shown = np.concatenate([y, slope * x])
    own = axes(names, shown if slope else x, shown)
    low, high = own.x_span

    def path(points: list[tuple[float, float]]) -> str:
        return "M" + "L".join(f"{own.x(a):.1f} {own.y(b):.1f}" for a, b in points)

    dots = "".join(f"M{own.x(a):.1f} {own.y(b):.1f}h0" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    line = path([(low, slope * low), (high, slope * high)])
    band = "" if width is None else path(_band(own, slope, width)) + "Z"
    return Scatter(title, dots, line, band, own)


def _band(own: Axes, slope: float, width: float) -> list[tuple[float, float]]:
    """The corners of what lies within `width` of the line, cut off where the axes end."""
    (left, right), (bottom, top) = own.x_span, own.y_span
    if not slope:
        above, below = min(width, top), max(-width, bottom)
        return [(left, above), (right, above), (right, below), (left, below)]
    reach = min(width, top - bottom)
    return [
        (left, bottom), (left, bottom + reach), (right - reach, top), (right, top), (right, top - reach),
        (left + reach, bottom),
    ]  # fmt: skip
