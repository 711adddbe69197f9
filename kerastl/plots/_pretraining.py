"""Curves of pre-training: the loss, what the neighbors know, and whether features stay apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from kerastl.errors import UsageError
from kerastl.plots import _style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS = (
    ("loss", "loss", "{:.3f}"),
    ("knn_accuracy", "nearest-neighbor accuracy", "{:.1%}"),
    ("rank", "effective rank of the features", "{:.0f}"),
)


def pretraining_curves(history: Iterable[Mapping[str, Any]]) -> Figure:
    """Draw the loss, the accuracy of the nearest neighbors where it is known, and the effective rank.

    Args:
        history: One mapping an epoch, with `loss`, `rank` and if known `knn_accuracy`: the rows of a run's
            `history.csv`.

    Raises:
        UsageError: There is no epoch.
    """
    rows = list(history)
    if not rows:
        raise UsageError("history must have at least one epoch. Received: none")
    panels = [panel for panel in _PANELS if any(row.get(panel[0]) not in (None, "") for row in rows)]
    figure = style.new_figure(4.2 * len(panels), 3.4)
    for axes, (name, title, form) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _panel(axes, rows, name, title, form)
    return figure


def _panel(axes: Axes, rows: list[Mapping[str, Any]], name: str, title: str, form: str) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    values = [float(row[name]) if row.get(name) not in (None, "") else float("nan") for row in rows]
    style.tidy(axes, title=title, x="epoch")
    dots: dict[str, Any] = {"marker": "o", "markersize": 3.5} if len(rows) <= 40 else {}
    axes.plot(range(1, len(rows) + 1), values, color=style.BLUE, linewidth=1.8, **dots)
    label = f"last: {form.format(values[-1])}"
    axes.plot([len(rows)], values[-1:], "D", color=style.ORANGE, markersize=7, label=label)
    axes.set_xlim(0.5, len(rows) + 0.5 + 0.02 * len(rows))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if name == "knn_accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None))
    style.legend(axes)
