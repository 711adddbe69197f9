"""The files of a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import files
from kerastl._base.serialization import to_json
from kerastl.models._metadata import MEMBER, MODEL_FILE, Metadata, embed_metadata
from kerastl.training import _outputs as outputs

if TYPE_CHECKING:
    import keras

METRICS = "metrics.json"
_COLUMNS = (
    "phase",
    "epoch",
    "learning_rate",
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "val_top5",
    "loo_loss",
    "loo_accuracy",
    "loo_top5",
    "seconds",
    "kept",
)


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
    files.write_text(folder / MEMBER, to_json(metadata.as_dict(), letters=True))


def write_history(folder: Path, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch."""
    outputs.write_history(folder, _COLUMNS, history)


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics.json`."""
    files.write_text(folder / METRICS, to_json(metrics))


def write_curves(folder: Path, history: Sequence[Mapping[str, Any]], phases: Sequence[str]) -> None:
    """Draw loss and accuracy over all epochs, with a line where a phase begins."""
    from kerastl.plots import training_curves

    outputs.write_curves(folder, training_curves(history, phases))
