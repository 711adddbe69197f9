"""The files of a finished run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl import files
from kerastl.card import MEMBER, MODEL_FILE, Card, embed
from kerastl.runs.tables import SKIPPED, write_rows, write_skipped

if TYPE_CHECKING:
    import keras

HISTORY = "history.csv"
METRICS = "metrics.json"
CURVES = "curves.png"
COLUMNS = (
    "phase",
    "epoch",
    "learning_rate",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "val_top5",
    "seconds",
)

__all__ = ["SKIPPED", "write_curves", "write_history", "write_metrics", "write_model", "write_skipped"]


def write_model(folder: Path, model: keras.Model, card: Card) -> None:
    """Write `model.keras`, which plain Keras reads, with the card inside, and the card as `kerastl.json` beside it."""
    with files.replacing(folder / MODEL_FILE) as temporary:
        model.save(temporary)
        embed(temporary, card)
    files.write_text(folder / MEMBER, json.dumps(card.as_dict(), ensure_ascii=False, indent=1))


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch."""
    write_rows(folder / HISTORY, COLUMNS, history)


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics.json`."""
    files.write_text(folder / METRICS, json.dumps(metrics, indent=1))


def write_curves(folder: Path, history: Sequence[Mapping[str, Any]], phases: Sequence[str]) -> None:
    """Draw loss and accuracy over all epochs, with a line where a phase begins."""
    from matplotlib.figure import Figure

    epochs = range(1, len(history) + 1)
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, name in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        for column, label in ((name, "training"), (f"val_{name}", "validation")):
            axes.plot(epochs, [row[column] for row in history], marker="o", markersize=3, label=label)
        starts = [n for n in epochs if n == 1 or history[n - 1]["phase"] != history[n - 2]["phase"]]
        for start in starts:
            axes.axvline(start - 0.5, color="grey", linewidth=0.8)
            title = phases[history[start - 1]["phase"] - 1]
            axes.annotate(
                title, (start - 0.5, 1), xycoords=("data", "axes fraction"), rotation=90, va="top", fontsize=8
            )
        axes.set(xlabel="epoch", ylabel=name, xlim=(0.5, len(history) + 0.5))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend()
    with files.replacing(folder / CURVES) as temporary:
        figure.savefig(temporary, dpi=100)
