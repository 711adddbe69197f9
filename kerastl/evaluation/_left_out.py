"""An evaluation on images that all trained: by what the head said of each when it was solved without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kerastl._base.text import percent
from kerastl._classifier import Classifier
from kerastl.calibration import _temperature as temperature
from kerastl.data import Item
from kerastl.errors import ImageError
from kerastl.evaluation._labeled import Labeled, labeled
from kerastl.evaluation._training_parts import Parted
from kerastl.finetuning._leave_one_out import KeptAnswers
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION, TASKS

NOTE = (
    "leave-one-out: the model was trained on all of these images; each was answered by a head that was solved without "
    "it and without its duplicates and its group, beside which {} chosen"
)
_CHOSEN = {
    CLASSIFICATION: "the temperature was",
    ORDINAL: "the thresholds between classes were",
    MULTILABEL: "slopes and offsets of scores and the thresholds were",
    REGRESSION: "the penalty was",
}


@dataclass(frozen=True)
class LeftOut:
    """Images with the answers that a run has kept.

    Args:
        images: All of them.
        items: Those that have an answer.
        groups: int64 `(n,)`: those of one group were left out together.
        probabilities: float32 `(n, classes)`, one row for each of `items`.
        failed: Images of the folder that cannot be read, and why.
        task: Of the model.
    """

    images: Labeled
    items: tuple[Item, ...]
    groups: np.ndarray
    probabilities: np.ndarray
    failed: Mapping[str, str]
    task: str = CLASSIFICATION

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know, one line each."""
        without = len(self.images.items) - len(self.items)
        missing = (f"{without:,} of the images were not left out of any solution: they do not count",) * bool(without)
        return (*self.images.parted.notes, NOTE.format(_CHOSEN[self.task]), *missing)


def left_out(classifier: Classifier, known: Parted) -> LeftOut | None:
    """Find the answers on a folder whose images were all trained on.

    Args:
        classifier: The model, in its run folder.
        known: The images.

    Returns:
        The answers; None where the model was not trained on each image, or its run has kept no answers.

    Raises:
        ModelError: The run folder's file of answers is broken.
    """
    if not known.trained or (failed := _unreadable(classifier, known)) is None:
        return None
    fingerprint = classifier.metadata.extra.get("data_fingerprint")
    kept = KeptAnswers.read(classifier.file.parent, fingerprint, len(classifier.labels))
    if kept is None:
        return None
    images = labeled(classifier, known, "train")
    rows = kept.rows([known.contents.get(item.path, "") for item in images.items])
    items = tuple(item for item, row in zip(images.items, rows, strict=True) if row >= 0)
    rows = rows[rows >= 0]
    # What `kerastl calibrate` has divided by since then, as the model itself is.
    scaled = temperature.apply(kept.probabilities[rows], temperature.inside(classifier.metadata))
    return LeftOut(images, items, kept.groups[rows], scaled, failed, classifier.metadata.task) if items else None


def _unreadable(classifier: Classifier, known: Parted) -> dict[str, str] | None:
    """Why the images that were not trained on cannot be read; None where one can, which is one to evaluate on."""
    failed = {}
    for item in known.dataset.items:
        if not known.is_trained(item):
            try:
                classifier.pixels(known.dataset.file(item))
            except ImageError as error:
                failed[item.path] = error.reason
            else:
                return None
    return failed


def hint(classifier: Classifier) -> tuple[str, ...]:
    """What leave-one-out says of a model, for who looks at its answers on images that it was trained on."""
    figure = TASKS[classifier.metadata.task].figure
    value = (classifier.metadata.extra.get("metrics") or {}).get(f"loo_{figure.name}")
    if not isinstance(value, float):
        return ()
    if figure.name == "accuracy":
        return (f"by leave-one-out {percent(value)} of the training images are right",)
    return (f"by leave-one-out the {figure.label} on the training images is {figure.text(value)}",)
