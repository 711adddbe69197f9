"""What a model said of labeled images, before anything is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl._classifier import Classifier
from kerastl.data import Item
from kerastl.evaluation._bootstrap import RESAMPLES
from kerastl.evaluation._labeled import Labeled
from kerastl.evaluation._rejection import Rejection
from kerastl.evaluation._robustness import Robustness


@dataclass(frozen=True)
class Answered:
    """Images with the outputs of the model.

    Args:
        classifier: The model.
        images: What the images were chosen from.
        items: Those that have an answer.
        outputs: float32 (n, outputs), one row for each of `items`.
        failed: Images that could not be read, and why.
        notes: What to know, one line each.
        top: How many classes answers show.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
        robustness: Accuracy under corruptions, where that was asked for.
        rejection: How images of other things are told apart, likewise.
        leave_one_out: Whether each image was answered by a head that was solved without it.
    """

    classifier: Classifier
    images: Labeled
    items: tuple[Item, ...]
    outputs: np.ndarray
    failed: Mapping[str, str]
    notes: tuple[str, ...]
    top: int = 5
    resamples: int = RESAMPLES
    seed: int = 0
    robustness: Robustness | None = None
    rejection: Rejection | None = None
    leave_one_out: bool = False

    def shared(self) -> dict[str, Any]:
        """What evaluations of all tasks take, by the names of their arguments."""
        return {
            "model": self.classifier.name,
            "data": str(self.images.dataset.root),
            "split": self.images.selection.split,
            "labels": self.classifier.labels,
            "paths": tuple(item.path for item in self.items),
            "unknown": self.images.unknown,
            "matching": self.images.matching,
            "failed": self.failed,
            "notes": self.notes,
            "rejection": self.rejection,
            "resamples": self.resamples,
            "seed": self.seed,
            "classifier": self.classifier,
            "dataset": self.images.dataset,
            "leave_one_out": self.leave_one_out,
        }
