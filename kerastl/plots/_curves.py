"""Curves of training and pre-training over epochs, and the learning-rate finder's."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.text import percent
from kerastl._metrics import best_epoch
from kerastl.errors import DataError, UsageError
from kerastl.plots import _style as style
from kerastl.plots._style import label, label_style
from kerastl.tasks._history import ACCURACY, LOSS, Measure, measure_of

if TYPE_CHECKING:
    import os

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def read_history(file: str | os.PathLike[str]) -> list[dict[str, str]]:
    r"""Read the `history.csv` of a run, one row an epoch.

    Raises:
        DataError: The file cannot be read, or lacks the columns `loss` and `accuracy`, or what stands for the latter
            where the model gives no classes.

    Example:
        >>> from pathlib import Path
        >>> from kerastl import plots
        >>> size = Path("history.csv").write_text("epoch,loss,accuracy\n1,0.9,0.6\n2,0.5,0.8\n")
        >>> [row["accuracy"] for row in plots.read_history("history.csv")]
        ['0.6', '0.8']
    """
    try:
        with Path(file).open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream)
            columns = set(reader.fieldnames or ())
            missing = {"loss", *([] if measure_of(columns) else ["accuracy"])} - columns
            rows = list(reader)
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{file} cannot be read as the history of a run ({error})") from error
    if missing:
        raise DataError(f"{file} is no history of a run: it has no column {' and '.join(sorted(missing))}")
    return rows


def training_curves(history: Iterable[Mapping[str, Any]], phases: Sequence[str] = ()) -> Figure:
    """Draw loss and accuracy over epochs, in training and validation; the epoch that a run keeps is marked in both.

    Where a model gives no classes, the figure that its epochs are compared by stands for the accuracy, such as the
    mean average precision of labels.

    Args:
        history: One mapping an epoch, with `loss` and `accuracy`, and if known `val_loss`, `val_accuracy` and
            `phase`, a whole number or a name; what `read_history` gives. Missing and empty values leave a gap. Where
            nothing was validated, `loo_loss` and `loo_accuracy`, by leave-one-out, stand in.
        phases: The names of the phases 1, 2 and so on; a line marks where each begins.

    Raises:
        UsageError: There is no epoch.

    Example:
        >>> from kerastl import plots
        >>> first = {"loss": 1.2, "accuracy": 0.5, "val_loss": 1.3}
        >>> figure = plots.training_curves([first, {"loss": 0.8, "accuracy": 0.7, "val_loss": 1.0}])
        >>> figure.savefig("training.png")
    """
    rows = list(history)
    if not rows:
        raise UsageError("history must have at least one epoch. Received: none")
    figure = style.new_figure(9, 3.6)
    own = measure_of({name for row in rows for name in row}) or ACCURACY
    best = best_epoch(rows, own.figure)
    for axes, measure in zip(figure.subplots(1, 2), (LOSS, own), strict=True):
        _curve(axes, rows, measure, best)
        axes.set_xlim(0.5, len(rows) + 0.5)
        _phase_lines(axes, rows, phases)
        axes.xaxis.get_major_locator().set_params(integer=True)
        # Below, where it hides neither curves nor the names of phases.
        style.legend(axes, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3)
    return figure


def _curve(axes: Axes, rows: list[Mapping[str, Any]], measure: Measure, best: int | None) -> None:
    import numpy as np
    from matplotlib.ticker import PercentFormatter

    style.tidy(axes, title=measure.label, x="epoch")
    if measure.is_fraction:
        axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
    epochs = np.arange(1, len(rows) + 1)
    training, validation, left_out = (
        np.array([_number(row.get(name)) for row in rows])
        for name in (measure.training, f"val_{measure.name}", f"loo_{measure.name}")
    )
    called = "validation"
    if np.isnan(validation).all():
        validation, called = left_out, "leave-one-out"
    dots: dict[str, Any] = {"marker": "o", "markersize": 3.5} if len(rows) <= 40 else {}
    if measure.training:
        axes.plot(epochs, training, color=style.GRAY, linestyle="--", linewidth=1.4, label="training", **dots)
    if np.isnan(validation).all():
        return
    axes.plot(epochs, validation, color=style.BLUE, linewidth=1.8, label=called, **dots)
    if best is None or np.isnan(validation[best]):
        return
    label = f"kept: {measure.text(validation[best])} in epoch {best + 1}"
    axes.plot([best + 1], [validation[best]], "D", color=style.ORANGE, markersize=7, label=label)


def _phase_lines(axes: Axes, rows: list[Mapping[str, Any]], phases: Sequence[str]) -> None:
    starts = [n for n, row in enumerate(rows) if n == 0 or row.get("phase") != rows[n - 1].get("phase")]
    if len(starts) < 2:
        return
    for start in starts:
        if start:
            axes.axvline(start + 0.5, color=style.GRAY, linewidth=0.8, linestyle=":")
        at_top = _room_above(axes, start + 0.5)
        name = label(_phase_name(rows[start].get("phase"), phases), 30)
        axes.annotate(
            name,
            (start + 0.5, 1 if at_top else 0),
            xycoords=("data", "axes fraction"),
            xytext=(4, -4 if at_top else 4),
            textcoords="offset points",
            rotation=90,
            va="top" if at_top else "bottom",
            color=style.GRAY,
            **label_style(name, style.SMALL),
            # Where the curves leave no room, the name still reads.
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1},
        )


def _room_above(axes: Axes, place: float) -> bool:
    """Whether the curves right of an epoch leave more room above them than below."""
    import numpy as np

    bottom, top = axes.get_ylim()
    curves = [(np.asarray(line.get_xdata(), float), np.asarray(line.get_ydata(), float)) for line in axes.lines]
    near = np.concatenate([y[(x >= place) & (x <= place + 1)] for x, y in curves])
    near = near[np.isfinite(near)]
    return bool(near.size) and float(top - near.max()) > float(near.min() - bottom)


def _phase_name(phase: Any, phases: Sequence[str]) -> str:
    number = str(phase)
    if number.isdigit() and 1 <= int(number) <= len(phases):
        return phases[int(number) - 1]
    return f"phase {number}" if number.isdigit() else number


def _number(value: Any) -> float:
    return float(value) if value not in (None, "") else float("nan")


def learning_rates(
    rates: Sequence[float] | np.ndarray, losses: Sequence[float] | np.ndarray, suggestion: float | None = None
) -> Figure:
    """Draw the loss against the learning rate (Smith 2017, section 3.3).

    Args:
        rates: Learning rates of shape (n,), rising, above 0.
        losses: The loss at each, of shape (n,).
        suggestion: The rate to take, if there is one.

    Example:
        >>> import numpy as np
        >>> from kerastl import plots
        >>> rates = np.logspace(-5, 0, 50)
        >>> figure = plots.learning_rates(rates, 1 + np.log10(rates / 0.01) ** 2, suggestion=0.001)
        >>> figure.savefig("rates.png")
    """
    import numpy as np

    figure = style.new_figure(5.4, 3.6)
    axes = figure.subplots()
    style.tidy(axes, title="learning-rate finder", x="learning rate", y="training loss")
    axes.semilogx(rates, losses, color=style.BLUE, linewidth=1.8)
    # The explosion at the end would press everything else flat.
    lowest, first = float(np.min(losses)), float(losses[0])
    if lowest < first:
        axes.set_ylim(lowest - 0.08 * (first - lowest), first + 0.6 * (first - lowest))
    if suggestion is not None:
        axes.axvline(suggestion, color=style.ORANGE, linewidth=1.4, linestyle="--", label=f"take {suggestion:.2g}")
        place = float(np.interp(np.log(suggestion), np.log(rates), losses))
        axes.plot([suggestion], [place], "D", color=style.ORANGE, markersize=7)
        style.legend(axes)
    return figure


_PANELS = (
    ("loss", "loss", "{:.3f}".format),
    ("knn_accuracy", "nearest-neighbor accuracy", percent),
    ("rank", "effective rank of the features", "{:.0f}".format),
)


def pretraining_curves(history: Iterable[Mapping[str, Any]]) -> Figure:
    """Draw the loss, the accuracy of the nearest neighbors where it is known, and the effective rank.

    Args:
        history: One mapping an epoch, with `loss`, `rank` and if known `knn_accuracy`: the rows of a run's
            `history.csv`.

    Raises:
        UsageError: There is no epoch.

    Example:
        >>> from kerastl import plots
        >>> first = {"loss": 9.0, "rank": 4.0, "knn_accuracy": 0.3}
        >>> figure = plots.pretraining_curves([first, {"loss": 6.5, "rank": 7.5, "knn_accuracy": 0.4}])
        >>> figure.savefig("pretraining.png")
    """
    rows = list(history)
    if not rows:
        raise UsageError("history must have at least one epoch. Received: none")
    panels = [panel for panel in _PANELS if any(row.get(panel[0]) not in (None, "") for row in rows)]
    figure = style.new_figure(4.2 * len(panels), 3.4)
    for axes, (name, title, form) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        _panel(axes, rows, name, title, form)
    return figure


def _panel(axes: Axes, rows: list[Mapping[str, Any]], name: str, title: str, form: Callable[[float], str]) -> None:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    values = [float(row[name]) if row.get(name) not in (None, "") else float("nan") for row in rows]
    style.tidy(axes, title=title, x="epoch")
    dots: dict[str, Any] = {"marker": "o", "markersize": 3.5} if len(rows) <= 40 else {}
    axes.plot(range(1, len(rows) + 1), values, color=style.BLUE, linewidth=1.8, **dots)
    label = f"last: {form(values[-1])}"
    axes.plot([len(rows)], values[-1:], "D", color=style.ORANGE, markersize=7, label=label)
    axes.set_xlim(0.5, len(rows) + 0.5 + 0.02 * len(rows))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if name == "knn_accuracy":
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=None, symbol=" %"))
    style.legend(axes)
