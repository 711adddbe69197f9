"""What the columns of a run's history tell, whatever its task was."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from kerastl._base.text import measured, percent
from kerastl.tasks._task import CLASSIFICATION, TASKS, Figure

HELD_OUT = ("val", "loo")
"""With what columns begin that tell of images that were not trained on: held back, or each left out once."""
# Of squared errors in a unit such as that of prices no decimals are wanted.
_LARGE = 1e4


@dataclass(frozen=True)
class Measure:
    """One figure over the epochs.

    Args:
        name: Of its columns, behind `val_` or `loo_`.
        training: The column that tells the same of training batches; empty where they tell another figure.
        label: For people.
        figure: What is measured; None is the loss.
    """

    name: str
    training: str
    label: str
    figure: Figure | None = None

    @property
    def is_fraction(self) -> bool:
        """Whether it lies in [0, 1], and is shown in percent."""
        return self.figure is not None and self.figure.is_fraction

    def text(self, value: float) -> str:
        """A value, for people."""
        if self.figure is not None:
            return self.figure.text(value)
        return f"{value:.3f}" if abs(value) < _LARGE else measured(value)

    def tick(self, value: float) -> str:
        """A value beside an axis: whole per cent have no decimals."""
        whole = abs(100 * value - round(100 * value)) < 1e-6
        return percent(value, 0 if whole else 1) if self.is_fraction else f"{value:.4g}"


LOSS = Measure("loss", "loss", "loss")
ACCURACY = Measure("accuracy", "accuracy", "accuracy", TASKS[CLASSIFICATION].figure)


def measure_of(columns: Collection[str]) -> Measure | None:
    """The figure beside the loss that a history is told by: what its task compares epochs by.

    Args:
        columns: Of `history.csv`.

    Returns:
        The measure; where nothing was held out, what training batches tell. None where it is the history of no task.

    Example:
        >>> from kerastl.tasks._history import measure_of
        >>> measure_of(["loss", "label_accuracy", "val_mean_average_precision"]).name
        'mean_average_precision'
        >>> measure_of(["loss", "accuracy"]).training
        'accuracy'
    """
    fits = [task for name in TASKS.bundled if (task := TASKS[name]).training_figure.name in columns]
    # A history of ordered classes has the accuracy beside its own figure: the one that is particular goes first.
    for task in sorted(fits, key=lambda task: task.figure.name == task.training_figure.name):
        if any(f"{part}_{task.figure.name}" in columns for part in HELD_OUT):
            same = task.figure.name == task.training_figure.name
            training = task.training_figure.name if same else ""
            return Measure(task.figure.name, training, task.figure.label, task.figure)
    if not fits:
        return None
    figure = fits[0].training_figure
    return Measure(figure.name, figure.name, figure.label, figure)
