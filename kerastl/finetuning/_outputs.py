"""The files of a finished run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import files
from kerastl._base.serialization import to_json
from kerastl.models._metadata import MEMBER, MODEL_FILE, Metadata, embed_metadata
from kerastl.tasks._task import Task
from kerastl.training import _outputs as outputs

if TYPE_CHECKING:
    import keras

METRICS = "metrics.json"


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


def history_columns(task: Task) -> tuple[str, ...]:
    """The columns of `history.csv`: what an epoch shows of training, on validation images and by leave-one-out."""
    scores = (f"{part}_{name}" for part in ("val", "loo") for name in task.figure_names)
    return ("phase", "epoch", "learning_rate", "loss", task.training_figure.name, *scores, "seconds", "kept")


def write_history(folder: Path, task: Task, history: Sequence[Mapping[str, Any]]) -> None:
    """Write one row an epoch."""
    outputs.write_history(folder, history_columns(task), history)


def write_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics.json`."""
    files.write_text(folder / METRICS, to_json(metrics))


def write_curves(folder: Path, history: Sequence[Mapping[str, Any]], phases: Sequence[str]) -> None:
    """Draw the loss and the task's figure over all epochs, with a line where a phase begins."""
    from kerastl.plots import training_curves

    outputs.write_curves(folder, training_curves(history, phases))
