"""Figures of an evaluation: the confusion matrix, and how far scores can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from kerastl._base.text import percent
from kerastl.errors import UsageError
from kerastl.plots import _style as style
from kerastl.plots._style import label, label_style

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

_MOST_NUMBERS = 20
_MOST_NAMES = 60


def confusion_matrix(matrix: ArrayLike, labels: Sequence[str]) -> Figure:
    """Draw which classes are taken for which.

    Colors are fractions of the true class, so that rare classes show as well as common ones; numbers are counts. The
    diagonal is blue, mistakes are orange. Numbers are left out for more than 20 classes, names for more than 60.

    Args:
        matrix: Integer array of shape (classes, classes): true classes in rows, predicted ones in columns, as
            `sklearn.metrics.confusion_matrix` gives it.
        labels: The classes' names in that order.

    Raises:
        UsageError: The shapes do not fit.

    Example:
        >>> from kerastl import plots
        >>> figure = plots.confusion_matrix([[5, 1], [0, 6]], ["circle", "star"])
        >>> figure.savefig("confusion.png")
    """
    import numpy as np

    counts = np.asarray(matrix)
    size = len(labels)
    if counts.shape != (size, size) or size == 0:
        raise UsageError(f"matrix must have shape ({size}, {size}), a row a label. Received: {counts.shape}")
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = min(12.0, max(3.4, 1.8 + (0.42 if size <= _MOST_NUMBERS else 0.16) * size))
    figure = style.new_figure(side, side)
    axes = figure.subplots()
    style.tidy(axes, x="predicted", y="true", grid=False)
    axes.imshow(_colored(shares), interpolation="nearest")
    for spine in axes.spines.values():
        spine.set_visible(False)
    _name(axes, labels)
    if size <= _MOST_NUMBERS:
        _number(axes, counts, shares)
    return figure


def _colored(shares: np.ndarray) -> np.ndarray:
    """RGB of shape (classes, classes, 3): white for none to blue on the diagonal, orange beside it, for all."""
    import numpy as np
    from matplotlib.colors import to_rgb

    right, wrong = np.array(to_rgb(style.BLUE)), np.array(to_rgb(style.ORANGE))
    full = np.where(np.eye(len(shares), dtype=bool)[..., None], right, wrong)
    # A few mistakes must be seen, too: the root lifts small shares.
    strength = np.sqrt(shares)[..., None]
    return 1 - strength * (1 - full)


def _name(axes: Axes, labels: Sequence[str]) -> None:
    if len(labels) > _MOST_NAMES:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    short = [label(name, 24) for name in labels]
    small = style.SMALL if len(labels) <= 30 else style.SMALL - 2
    upright = len(labels) > 6 or max(map(len, short)) > 8
    written = label_style("".join(short), small)
    axes.set_xticks(range(len(labels)), short, rotation=90 if upright else 0, color=style.TEXT, **written)
    axes.set_yticks(range(len(labels)), short, color=style.TEXT, **written)
    axes.tick_params(length=0)


def _number(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    size = style.NORMAL if len(counts) <= 12 else style.SMALL - 1
    for row, column in zip(*counts.nonzero(), strict=True):
        color = "white" if shares[row, column] > 0.35 else style.TEXT
        axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", color=color, fontsize=size)


class Binned(Protocol):
    """Images in bins of equal width by the score of their best class, from 0 to 1."""

    @property
    def counts(self) -> np.ndarray:
        """Integer array of shape (bins,): images."""

    @property
    def confidence(self) -> np.ndarray:
        """Float array of shape (bins,): their mean score; NaN where there are none."""

    @property
    def accuracy(self) -> np.ndarray:
        """Float array of shape (bins,): the fraction of them that is right; NaN where there are none."""

    @property
    def error(self) -> float:
        """The expected calibration error, in [0, 1]."""


def reliability(binned: Binned) -> Figure:
    """Draw how often the model is right against how sure it is (Guo et al. 2017, section 2).

    On the diagonal a score of 80 % is right in 80 of 100 cases. Below it the model is too sure of itself. The lower
    part shows how many images got such a score, so how much a bar can be relied on.

    Args:
        binned: The bins; an evaluation has them.

    Raises:
        UsageError: There is no image.

    Example:
        >>> import kerastl
        >>> from kerastl import plots
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> images.append(("data/soccer_ball.jpg", "orange"))
        >>> figure = plots.reliability(kerastl.evaluate("kerastl_mini", images).reliability)
        >>> figure.savefig("reliability.png")
    """
    import numpy as np

    some = np.asarray(binned.counts) > 0
    if not some.any():
        raise UsageError("a reliability diagram needs at least one image. Received: none")
    width = 1 / len(some)
    centers = (np.arange(len(some)) + 0.5) * width
    accuracy, confidence = binned.accuracy[some], binned.confidence[some]

    figure = style.new_figure(4.4, 4.8)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    style.tidy(above, title=f"calibration error {percent(binned.error)}", y="fraction that is right")
    above.bar(centers[some], accuracy, 0.92 * width, color=style.BLUE, label="right")
    above.bar(
        centers[some],
        confidence - accuracy,
        0.92 * width,
        bottom=accuracy,
        facecolor="none",
        edgecolor=style.ORANGE,
        hatch="////",
        linewidth=1,
        label="gap to the mean score",
    )
    above.plot([0, 1], [0, 1], color=style.GRAY, linestyle="--", linewidth=1.2)
    above.set(xlim=(0, 1), ylim=(0, 1.02))
    style.legend(above, loc="upper left")
    style.tidy(below, x="score of the best class", y="images", grid=False)
    below.bar(centers, binned.counts, 0.92 * width, color=style.GRAY)
    return figure
