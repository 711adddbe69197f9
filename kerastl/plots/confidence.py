"""How far scores can be trusted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl.errors import UsageError
from kerastl.plots import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


def reliability(scores: ArrayLike, correct: ArrayLike, *, bins: int = 10) -> Figure:
    """Draw how often the model is right against how sure it is (Guo et al. 2017, section 2).

    On the diagonal a score of 80 % is right in 80 of 100 cases. Below it the model is too sure of itself. The lower
    part shows how many pictures got such a score, so how much a bar can be relied on.

    Args:
        scores: Array of shape (n,): the probability of each picture's best class, in [0, 1].
        correct: Boolean array of shape (n,): whether that class is right.
        bins: Number of bins of equal width, at least 1.

    Raises:
        UsageError: The shapes do not fit, there is no picture, or a score is out of range.
    """
    import numpy as np

    sure, right = np.asarray(scores, np.float64), np.asarray(correct, bool)
    if sure.ndim != 1 or sure.shape != right.shape or not len(sure) or bins < 1:
        raise UsageError(
            "scores and correct must have the same shape (n,), n and bins at least 1. "
            f"Received: {sure.shape}, {right.shape}, bins={bins}"
        )
    if not ((sure >= 0) & (sure <= 1)).all():
        raise UsageError(f"scores must be between 0 and 1. Received: {sure.min()} to {sure.max()}")
    edges = np.linspace(0, 1, bins + 1)
    # Upper edges belong to their bin, as in the paper.
    places = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(places, minlength=bins)
    some = counts > 0
    accuracy = np.bincount(places, right, bins)[some] / counts[some]
    confidence = np.bincount(places, sure, bins)[some] / counts[some]
    error = float((counts[some] / len(sure) * np.abs(accuracy - confidence)).sum())

    figure = style.new_figure(4.4, 4.8)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[4, 1])
    style.tidy(above, title=f"calibration error {100 * error:.1f} %", y="share that is right")
    centres, width = (edges[:-1] + edges[1:])[some] / 2, 0.92 / bins
    above.bar(centres, accuracy, width, color=style.BLUE, label="right")
    above.bar(
        centres,
        confidence - accuracy,
        width,
        bottom=accuracy,
        facecolor="none",
        edgecolor=style.ORANGE,
        hatch="////",
        linewidth=1,
        label="gap to the mean score",
    )
    above.plot([0, 1], [0, 1], color=style.GREY, linestyle="--", linewidth=1.2)
    above.set(xlim=(0, 1), ylim=(0, 1.02))
    style.legend(above, loc="upper left")
    style.tidy(below, x="score of the best class", y="pictures", grid=False)
    below.bar((edges[:-1] + edges[1:]) / 2, counts, width, color=style.GREY)
    return figure
