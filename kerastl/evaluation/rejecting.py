"""How well pictures of other things are told from those that a model is for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastl.classifier import Classifier
from kerastl.data.walking import read_tree
from kerastl.errors import DataError, ImageError
from kerastl.evaluation.labelled import Progress
from kerastl.progress import stage
from kerastl.text import printable
from kerastl.trust.stored import Trust


@dataclass(frozen=True)
class Rejection:
    """How rejection does.

    Args:
        others: The folder with pictures of other things.
        images: Pictures in it that could be read.
        auroc: The probability that one of them is more unlike the training pictures than one of those that the model
            is for (Fawcett 2006): 1 is perfect, 0.5 is chance.
        detected: Share of them that is rejected.
        false_alarms: Share of the pictures that the model is for that is rejected.
    """

    others: str
    images: int
    auroc: float
    detected: float
    false_alarms: float

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.detected:.1%} of {self.images} pictures of {printable(self.others)} rejected, and "
            f"{self.false_alarms:.1%} of these; AUROC {self.auroc:.4f}"
        )


def rejection(
    novelties: np.ndarray,
    classifier: Classifier,
    trust: Trust,
    others: str | os.PathLike[str],
    progress: Progress | None = None,
) -> Rejection:
    """Hold the novelty of pictures that a model is for against that of others.

    Args:
        novelties: float array of shape (n,): of the pictures that the model is for.
        classifier: The model.
        trust: What its calibration stored; with rejection.
        others: A folder with pictures of other things, at any depth. What cannot be read is left out.
        progress: Called with the pictures done and their number.

    Raises:
        DataError: There is no picture that can be read.
    """
    from sklearn.metrics import roc_auc_score

    limit = trust.novelty_threshold
    assert limit is not None  # noqa: S101 - `check_rejection` has looked
    strange = np.array(list(_novelties(classifier, trust, Path(others), progress)))
    if not len(strange):
        raise DataError(f"{others}: there is no picture in it that can be read")
    truth = np.repeat([0, 1], [len(novelties), len(strange)])
    return Rejection(
        str(others),
        len(strange),
        float(roc_auc_score(truth, np.concatenate([novelties, strange]))),
        float((strange > limit).mean()),
        float((novelties > limit).mean()),
    )


def _novelties(classifier: Classifier, trust: Trust, folder: Path, progress: Progress | None) -> Iterator[float]:
    files = read_tree(folder).pictures

    def work(group: list[Any]) -> list[float | None]:
        found: list[float | None] = []
        for file in group:
            try:
                pixels = classifier.pixels(folder / file)
                found.append(float(trust.novelty(classifier.predict_features(pixels[None])[1])[0]))
            except ImageError:
                found.append(None)
        return found

    with stage("scoring pictures of other things", len(files)) as told:
        for done, value in enumerate(classifier.stream(files, work), start=1):
            told.update(done)
            if progress is not None:
                progress(done, len(files))
            if value is not None:
                yield value
