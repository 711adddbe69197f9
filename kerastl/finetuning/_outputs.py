"""The files of a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import files, json_text
from kerastl.models._metadata import MEMBER, MODEL_FILE, Metadata, embed_metadata
from kerastl.training._tables import SKIPPED, write_rows, write_skipped

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


def write_model(
    folder: Path, model: keras.Model, metadata: Metadata, members: Mapping[str, bytes] | None = None
) -> None:
    """Write `model.keras`, which plain Keras reads, and `kerastl.json` beside it.

    Args:
        folder: The run folder.
        model: Pixels to probabilities.
        metadata: Goes into the model's file, and beside it.
        members: What else goes into the file, by name.
    """
    with files.replacing(folder / MODEL_FILE) as temporary:
        model.save(temporary)
        embed_metadata(temporary, metadata, members)
    files.write_text(folder / MEMBER, json_text.dumps(metadata.as_dict(), letters=True))


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch."""
    write_rows(folder / HISTORY, COLUMNS, history)


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics.json`."""
    files.write_text(folder / METRICS, json_text.dumps(metrics))


def write_curves(folder: Path, history: Sequence[Mapping[str, Any]], phases: Sequence[str]) -> None:
    """Draw loss and accuracy over all epochs, with a line where a phase begins."""
    from kerastl.plots import training_curves

    with files.replacing(folder / CURVES) as temporary:
        training_curves(history, phases).savefig(temporary)
