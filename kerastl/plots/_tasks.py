"""Figures of models that give sets of labels, and of models that predict a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerastl._base.text import percent
from kerastl._metrics.multilabel import average_precisions
from kerastl.errors import UsageError
from kerastl.plots import _style as style
from kerastl.plots._style import label, label_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike

# So many curves can be told apart, three in a row.
_CURVES, _COLUMNS = 12, 3


def precision_recall(scores: ArrayLike, truth: ArrayLike, labels: Sequence[str]) -> Figure:
    """Draw precision against recall of each label, over all thresholds.

    Of more than 12 labels those with the lowest average precision are drawn; labels that no image has are left out.

    Args:
        scores: Float array of shape (n, labels): how sure a model is of each label of each image.
        truth: Boolean array of shape (n, labels): which ones they have.
        labels: The labels' names.

    Raises:
        UsageError: The shapes do not fit, or no image has a label.

    Example:
        >>> from kerastl import plots
        >>> figure = plots.precision_recall([[0.9, 0.2], [0.4, 0.7]], [[True, False], [True, True]], ["cat", "dog"])
        >>> figure.savefig("precision-recall.png")
    """
    import numpy as np
    from sklearn.metrics import precision_recall_curve

    given, has = np.asarray(scores), np.asarray(truth, bool)
    if given.shape != has.shape or given.ndim != 2 or given.shape[1] != len(labels):
        raise UsageError(
            f"scores and truth must have shape (n, {len(labels)}), a column a label. Received: {given.shape} and "
            f"{has.shape}"
        )
    if not has.any():
        raise UsageError("truth must have a label on one image at least. Received: none")
    areas = average_precisions(given, has)
    places = [place for place in np.argsort(areas, kind="stable").tolist() if has[:, place].any()][:_CURVES]
    rows, columns = -(-len(places) // _COLUMNS), min(len(places), _COLUMNS)
    figure = style.new_figure(3.2 * columns, 2.9 * rows)
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes, place in zip(cells, places, strict=False):
        precision, recall, _ = precision_recall_curve(has[:, place], given[:, place])
        style.tidy(axes, x="recall", y="precision")
        _title(axes, f"{label(labels[place], 24)} {percent(areas[place])}")
        axes.plot(recall, precision, color=style.BLUE, linewidth=1.8)
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02))
    for axes in cells[len(places) :]:
        axes.set_axis_off()
    return figure


def _title(axes: Axes, text: str) -> None:
    axes.set_title(text, color=style.TEXT, loc="left", **label_style(text, style.NORMAL))


def predicted_numbers(
    predicted: ArrayLike, truth: ArrayLike, name: str = "", *, half_width: float | None = None
) -> Figure:
    """Draw predicted against true numbers, and what is left between them.

    On the dashed line a number is exact.

    Args:
        predicted: Float array of shape (n,).
        truth: Float array of shape (n,).
        name: What the numbers are.
        half_width: Of the intervals around predicted numbers, if there are such; drawn as a band.

    Raises:
        UsageError: The shapes do not fit, or there is no number.

    Example:
        >>> from kerastl import plots
        >>> figure = plots.predicted_numbers([31.0, 45.0, 58.0], [30.0, 47.0, 60.0], "age", half_width=4.0)
        >>> figure.savefig("ages.png")
    """
    import numpy as np

    p, t = np.asarray(predicted, float), np.asarray(truth, float)
    if p.shape != t.shape or p.ndim != 1 or not len(p):
        raise UsageError(f"predicted and truth must have shape (n,), n at least 1. Received: {p.shape} and {t.shape}")
    figure = style.new_figure(8.4, 4)
    left, right = figure.subplots(1, 2)
    of = f" {label(name, 40)}" if name else ""
    ends = np.array([min(p.min(), t.min()), max(p.max(), t.max())])
    for axes, values, line, what in ((left, p, ends, "predicted"), (right, p - t, np.zeros(2), "predicted minus true")):
        style.tidy(axes)
        axes.set_xlabel(f"true{of}", color=style.TEXT, **label_style(of, style.NORMAL))
        axes.set_ylabel(what, color=style.TEXT, fontsize=style.NORMAL)
        if half_width is not None:
            axes.fill_between(ends, line - half_width, line + half_width, color=style.BLUE, alpha=0.12, linewidth=0)
        axes.plot(ends, line, color=style.GRAY, linestyle="--", linewidth=1.2)
        axes.plot(t, values, ".", color=style.BLUE, alpha=0.6, markersize=6)
    return figure
