"""The files of a finished run."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl import files
from kerastl.card import MEMBER, MODEL_FILE, Card, embed

if TYPE_CHECKING:
    import keras

HISTORY = "history.csv"
METRICS = "metrics.json"
CURVES = "curves.png"
SKIPPED = "skipped.csv"
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


def write_model(folder: Path, model: keras.Model, card: Card) -> None:
    """Write `model.keras`, which plain Keras reads, with the card inside, and the card as `kerastl.json` beside it."""
    with files.replacing(folder / MODEL_FILE) as temporary:
        model.save(temporary)
        embed(temporary, card)
    files.write_text(folder / MEMBER, json.dumps(card.as_dict(), ensure_ascii=False, indent=1))


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch."""
    with files.replacing(folder / HISTORY) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(history)


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics.json`."""
    files.write_text(folder / METRICS, json.dumps(metrics, indent=1))


def write_skipped(folder: Path, skipped: Mapping[str, str]) -> None:
    """Write the pictures that could not be read, and why; nothing when there are none."""
    if not skipped:
        (folder / SKIPPED).unlink(missing_ok=True)
        return
    with (
        files.replacing(folder / SKIPPED) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "reason"))
        writer.writerows(sorted(skipped.items()))


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
