"""How good answers are, in the few numbers that training needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from kerastl.tasks._task import CLASSIFICATION, TASKS, Task

ScoreKind = Literal["validation", "leave_one_out"]
"""What a score is from: images that were held back, or the training images, each answered without itself."""


@dataclass(frozen=True, order=True)
class Score:
    """Score on images that the weights have not seen; better is larger: first by the task's figure, then by loss.

    Args:
        goodness: The figure that answers of the task are compared by, such as the accuracy; minus it, where it is an
            error.
        minus_loss: Minus the mean loss.
        top5: Of classes, the fraction of the images whose class is among the five most probable; 1 with five classes
            or fewer.
        kind: What the images are.
        images: How many there are.
        groups: How many of them are independent: images that are left out together count once.
        figures: All figures of the task, by name.
    """

    goodness: float
    minus_loss: float
    top5: float = 0.0
    kind: ScoreKind = field(default="validation", compare=False)
    images: int = field(default=0, compare=False)
    groups: int = field(default=0, compare=False)
    figures: Mapping[str, float] = field(default_factory=dict, compare=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Score:
        """Read what `asdict` gave; earlier versions knew accuracies only."""
        values = dict(values)
        if "accuracy" in values:
            values["goodness"] = values.pop("accuracy")
            names = {"accuracy": "goodness", "top5": "top5"}
            values["figures"] = {name: values[own] for name, own in names.items()} | {"loss": -values["minus_loss"]}
        return cls(**values)

    @property
    def loss(self) -> float:
        """Mean loss: of classes the cross entropy in nats."""
        return -self.minus_loss

    @property
    def accuracy(self) -> float:
        """Fraction of the images whose most probable class is the right one, where they have classes."""
        return self.figures["accuracy"]


def score(
    answers: np.ndarray,
    labels: np.ndarray,
    kind: ScoreKind = "validation",
    groups: np.ndarray | None = None,
    task: Task = TASKS[CLASSIFICATION],
) -> Score:
    """Score answers.

    Args:
        answers: float32 `(n, outputs)`, such as probabilities of classes; n at least 1.
        labels: As the task keeps them: of classes int64 `(n,)`.
        kind: What the images are.
        groups: int64 `(n,)`: images of one number are not independent; None where each is.
        task: What the labels are.
    """
    figures = task.figures(answers, labels)
    value = figures[task.figure.name]
    goodness = value if task.figure.higher_is_better else -value
    count = len(labels)
    independent = count if groups is None else len(np.unique(groups))
    return Score(goodness, -figures["loss"], figures.get("top5", 0.0), kind, count, independent, figures)
