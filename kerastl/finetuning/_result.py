"""What fine-tuning gives to Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import display
from kerastl._base.text import brief, printable
from kerastl.finetuning._outcome import choice_made, headline, reached, task_of
from kerastl.models._metadata import Metadata
from kerastl.tasks._history import LOSS

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True, repr=False)
class FineTuned:
    """What `kerastl.finetune` gives.

    Args:
        model: Raw RGB pixels `(n, h, w, 3)` in [0, 255] to probabilities `(n, classes)`, or to a number `(n, 1)` in
            the unit of the training; the best weights.
        metadata: Class names and resizing.
        metrics: What `metrics.json` holds.
        history: One row an epoch, as in `history.csv`.
        folder: The run folder; `kerastl.load` takes it.
        stopped: Whether it ended early; the run can be resumed.
    """

    model: keras.Model
    metadata: Metadata
    metrics: dict[str, Any]
    history: list[dict[str, Any]]
    folder: Path
    stopped: bool

    @property
    def warnings(self) -> list[str]:
        """What is doubtful about the model, one line each, such as an accuracy at chance level."""
        return list(self.metrics["warnings"])

    def __repr__(self) -> str:
        count = len(self.warnings)
        doubts = f", {count} warning{'s' * (count > 1)}" if count else ""
        name, folder = brief(self.metadata.name), printable(str(self.folder))
        return f"<FineTuned {name}: {reached(self.metrics)}{doubts}, in {folder}>"

    def _repr_html_(self) -> str:
        metrics, part = self.metrics, headline(self.metrics)
        kind = "validation" if part == "val" else "leave-one-out"
        facts = {
            "recipe": metrics["recipe"],
            "images": f"{metrics['train_images']:,} to train on, {metrics['val_images']:,} to validate on",
            "classes": f"{metrics['classes']:,}",
            "epochs": metrics["epochs"],
            f"{kind} {task_of(metrics).figure.label}": reached(metrics),
            f"{kind} loss": LOSS.text(metrics[f"{part}_loss"]),
            "folder": self.folder,
        }
        if (choice := choice_made(metrics)) is not None:
            facts["kept"] = choice
        ended = " (stopped early: resume=True goes on)" if self.stopped else ""
        notes = [f"Warning: {warning}" for warning in self.warnings]
        return display.facts(facts.items(), caption=f"fine-tuned {self.metadata.name}{ended}", notes=notes)
