"""How far scores can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kerastl.errors import UsageError
from kerastl.plots import _style as style

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


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
    style.tidy(above, title=f"calibration error {100 * binned.error:.1f} %", y="share that is right")
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
