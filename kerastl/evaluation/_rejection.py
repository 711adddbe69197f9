"""How well images of other things are told from those that a model is for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base.text import percent, printable
from kerastl._classifier import Classifier
from kerastl._progress import ProgressCallback, stage
from kerastl.calibration._state import CalibrationState
from kerastl.data._tree import read_tree
from kerastl.errors import DataError, ImageError


@dataclass(frozen=True)
class Rejection:
    """How rejection does.

    Args:
        others: The folder with images of other things.
        images: Images in it that could be read.
        auroc: The probability that one of them is more unlike the training images than one of those that the model
            is for (Fawcett 2006): 1 is perfect, 0.5 is chance.
        detected: Fraction of them that is rejected.
        false_alarms: Fraction of the images that the model is for that is rejected.
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
            f"{percent(self.detected)} of {self.images} images of {printable(self.others)} rejected, and "
            f"{percent(self.false_alarms)} of these; AUROC {self.auroc:.4f}"
        )


def rejection(
    ood_scores: np.ndarray,
    classifier: Classifier,
    state: CalibrationState,
    others: str | os.PathLike[str],
    progress: ProgressCallback | None = None,
) -> Rejection:
    """Compare the out-of-distribution scores of images that a model is for with those of others.

    Args:
        ood_scores: float array of shape (n,): of the images that the model is for.
        classifier: The model.
        state: What its calibration stored; with rejection.
        others: A folder with images of other things, at any depth. What cannot be read is left out.
        progress: Told of it, see `ProgressCallback`.

    Raises:
        DataError: There is no image that can be read.
    """
    from sklearn.metrics import roc_auc_score

    limit = state.ood_threshold
    assert limit is not None  # noqa: S101 - `check_rejection` has looked
    strange = np.array(list(_ood_scores(classifier, state, Path(others), progress)))
    if not len(strange):
        raise DataError(f"{others}: there is no image in it that can be read")
    truth = np.repeat([0, 1], [len(ood_scores), len(strange)])
    return Rejection(
        str(others),
        len(strange),
        float(roc_auc_score(truth, np.concatenate([ood_scores, strange]))),
        float((strange > limit).mean()),
        float((ood_scores > limit).mean()),
    )


def _ood_scores(
    classifier: Classifier, state: CalibrationState, folder: Path, progress: ProgressCallback | None
) -> Iterator[float]:
    files = read_tree(folder).images

    def work(group: list[Any]) -> list[float | None]:
        found: list[float | None] = []
        for file in group:
            try:
                pixels = classifier.pixels(folder / file)
                found.append(float(state.ood_scores(classifier.predict_features(pixels[None])[1])[0]))
            except ImageError:
                found.append(None)
        return found

    what = "scoring images of other things"
    with stage(what, len(files)) as told:
        for done, value in enumerate(classifier.stream(files, work), start=1):
            told.update(done)
            if progress is not None:
                progress(what, done, len(files))
            if value is not None:
                yield value
