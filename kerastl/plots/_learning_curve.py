"""Accuracy over the number of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerastl.errors import UsageError
from kerastl.plots import _style as style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curve(
    points: Sequence[tuple[float, float, float, float]],
    predictions: Sequence[tuple[float, float, float, float]] = (),
    law: tuple[float, float, float] | None = None,
) -> Figure:
    """Draw how accuracy grows with the number of images, and what is predicted for more.

    Args:
        points: Measured: images, accuracy, and the ends of its interval.
        predictions: The same for more images.
        law: Ceiling, scale and exponent of the curve accuracy = ceiling - scale x images ^ -exponent.

    Raises:
        UsageError: There is no point.

    Example:
        >>> from kerastl import plots
        >>> figure = plots.learning_curve([(50, 0.8, 0.75, 0.85), (100, 0.86, 0.83, 0.9)], [(200, 0.9, 0.86, 0.94)])
        >>> figure.savefig("learning-curve.png")
    """
    import numpy as np
    from matplotlib.ticker import PercentFormatter, ScalarFormatter

    if not points:
        raise UsageError("points must have at least one element. Received: none")
    figure = style.new_figure(6.4, 3.8)
    axes = figure.subplots()
    style.tidy(axes, x="labeled images", y="accuracy on images not trained on")
    axes.set_xscale("log")
    for found, color, marker, name in (
        (points, style.BLUE, "o", "measured"),
        (predictions, style.ORANGE, "D", "predicted"),
    ):
        if found:
            images, accuracy, low, high = np.array(found, float).T
            bars = [np.maximum(accuracy - low, 0), np.maximum(high - accuracy, 0)]
            axes.errorbar(images, accuracy, bars, fmt=marker, color=color, markersize=5, capsize=3, label=name)
    if law is not None:
        images = np.geomspace(points[0][0], max(one[0] for one in (*points, *predictions)), 100)
        axes.plot(images, law[0] - law[1] * images ** -law[2], color=style.GRAY, linewidth=1.2, zorder=1)
    ticks = [one[0] for one in (*points[::2], *predictions)]
    axes.set_xticks(ticks)
    axes.minorticks_off()
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.tick_params(axis="x", rotation=45)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    style.legend(axes, loc="lower right")
    return figure
