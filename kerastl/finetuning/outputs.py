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
    from kerastl.plots import training_curves

    with files.replacing(folder / CURVES) as temporary:
        training_curves(history, phases).savefig(temporary)
