"""What is asked of each image, and how a network's numbers become the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable
from kerastl.calibration import _intervals as intervals
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._thresholds import thresholded, values_of
from kerastl.errors import ImageError, KerastlError, ModelError, UsageError
from kerastl.images._encoded import path_of
from kerastl.models._labels import Classification, decode
from kerastl.models._metadata import Metadata
from kerastl.models._number import NumberPrediction
from kerastl.models._sure import SureAnswer, sure_answers
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION, TASKS

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from kerastl.calibration._state import CalibrationState
    from kerastl.models._hierarchy import Hierarchy


@dataclass(frozen=True)
class AnswerRules:
    """What `Classifier.classify` is asked for; `answer_rules` makes those that can be met.

    Args:
        top: How many classes.
        coverage: How often the right class is to be among them, in place of `top`; or how often the right number is to
            lie in its interval.
        state: What the model's calibration stored; there where a set or rejection is asked for.
        reject: Whether to say how unlike the training images an image is.
        sure: The score that a class or a group of classes needs to be sure.
        hierarchy: The tree of the classes; there where `sure` is.
    """

    top: int
    coverage: float | None = None
    state: CalibrationState | None = None
    reject: bool = False
    sure: float | None = None
    hierarchy: Hierarchy | None = None

    def apply(
        self, outputs: np.ndarray, features: np.ndarray | None, metadata: Metadata, scale: float
    ) -> list[Classification]:
        """Answer for some images.

        Args:
            outputs: float32 array of shape (n, classes), as the network gives them: probabilities, or numbers (n, 1).
            features: float32 array of shape (n, d), rows of length 1; needed to reject.
            metadata: The model's.
            scale: The temperature that they are still to be scaled with.

        Returns:
            One answer an image, without its path.
        """
        found = _ANSWERS[metadata.task](self, temperature.apply(outputs, scale), outputs, metadata)
        if self.state is None or features is None:
            return found
        limit = self.state.ood_threshold
        return [
            replace(answer, ood_score=float(score), rejected=None if limit is None else bool(score > limit))
            for answer, score in zip(found, self.state.ood_scores(features), strict=True)
        ]


def _classes(
    rules: AnswerRules, probabilities: np.ndarray, given: np.ndarray, metadata: Metadata
) -> list[Classification]:
    """The best classes, or as many as make a set; what is sure of them. `given` are not scaled yet."""
    most = [rules.top] * len(probabilities)
    if rules.coverage is not None and rules.state is not None:
        most = [int(size) for size in rules.state.set_sizes(given, rules.coverage)]
    best = decode(probabilities, metadata.labels, max(most))
    sure: Sequence[SureAnswer | None] = [None] * len(most)
    if rules.sure is not None and rules.hierarchy is not None:
        sure = sure_answers(rules.hierarchy, probabilities, rules.sure)
    return [
        Classification(None, metadata.name, predictions[:count], coverage=rules.coverage, sure=sure_answer)
        for predictions, count, sure_answer in zip(best, most, sure, strict=True)
    ]


def _labels(rules: AnswerRules, probabilities: np.ndarray, _: np.ndarray, metadata: Metadata) -> list[Classification]:
    """All labels that reach their thresholds, the most probable first; `top` has no say."""
    given = thresholded(probabilities, values_of(metadata))
    best = decode(probabilities, metadata.labels, len(metadata.labels))
    return [
        Classification(None, metadata.name, tuple(one for one in predictions if row[one.index]))
        for predictions, row in zip(best, given, strict=True)
    ]


def _number(rules: AnswerRules, numbers: np.ndarray, _: np.ndarray, metadata: Metadata) -> list[Classification]:
    """The number with its interval: of the coverage that is asked for, or of that which the model comes with."""
    name, half = metadata.labels.names[0], intervals.of(metadata)
    if rules.coverage is not None and rules.state is not None:
        half = rules.coverage, rules.state.half_width(rules.coverage)
    found = []
    for value in map(float, numbers[:, 0]):
        if not math.isfinite(value):
            raise ModelError("the model's numbers are not finite: its weights or its input are broken")
        number = NumberPrediction(name, value)
        if half is not None:
            coverage, width = half
            number = NumberPrediction(name, value, value - width, value + width, coverage)
        found.append(Classification(None, metadata.name, coverage=rules.coverage, number=number))
    return found


_ANSWERS: Mapping[str, Callable[[AnswerRules, np.ndarray, np.ndarray, Metadata], list[Classification]]] = {
    CLASSIFICATION: _classes,
    MULTILABEL: _labels,
    ORDINAL: _classes,
    REGRESSION: _number,
}


def answer_rules(
    file: Path, metadata: Metadata, top: int, coverage: float | None, reject: bool, sure: float | None = None
) -> AnswerRules:
    """Prepare the rules; what cannot be answered is said before the first image is read.

    Args:
        file: The model's file.
        metadata: What was read from it when the network was loaded.
        top: See `AnswerRules`.
        coverage: See `AnswerRules`.
        reject: See `AnswerRules`.
        sure: See `AnswerRules`.

    Raises:
        UsageError: `top` is less than 1, or `sure` is not between 0 and 1; or the model has no tree of classes; or it
            is not calibrated, or not for that, or after it was loaded.
    """
    if isinstance(top, bool) or not isinstance(top, int) or top < 1:
        raise UsageError(f"top must be a whole number of at least 1. Received: {top!r}")
    hierarchy = None if sure is None else _hierarchy(metadata, sure)
    if coverage is None and not reject:
        return AnswerRules(top, sure=sure, hierarchy=hierarchy)
    from kerastl.models._exported.reading import refuse_features

    if coverage is not None and TASKS[metadata.task].kind == "indicators":
        raise UsageError(
            f"coverage is for one class an image, and {printable(metadata.name)} gives any number of labels"
        )
    if reject:
        refuse_features(file)
    state = _state_of(file)
    if state.temperature != temperature.inside(metadata):
        raise UsageError(f"{printable(str(file))} was calibrated after it was loaded: load it again")
    if coverage is not None:
        state.check_coverage(coverage)
    if reject:
        state.check_rejection()
    return AnswerRules(top, coverage, state, reject, sure, hierarchy)


def _state_of(file: Path) -> CalibrationState:
    """What a file stores, read once as long as it is the same: each request of a server asks."""
    try:
        status = file.stat()
    except OSError:
        return _read_state(file, None)
    return _read_state(file, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=8)
def _read_state(file: Path, changed: tuple[int, int, int] | None) -> CalibrationState:
    from kerastl.calibration import _state as state_file

    return state_file.read(file)


def can_reject(file: Path, metadata: Metadata) -> bool:
    """Whether a model can say that an image is unlike what it was trained on; arguments as for `answer_rules`."""
    try:
        answer_rules(file, metadata, 1, None, reject=True)
    except KerastlError:
        return False
    return True


def _hierarchy(metadata: Metadata, sure: float) -> Hierarchy:
    """The tree that `sure` goes down."""
    if isinstance(sure, bool) or not isinstance(sure, (int, float)) or not 0 < sure < 1:
        raise UsageError(f"sure must be a number between 0 and 1. Received: {sure!r}")
    if TASKS[metadata.task].kind != "index" or (hierarchy := metadata.hierarchy) is None:
        raise UsageError(
            f"{printable(metadata.name)} has no tree of classes, which sure needs; ImageNet's networks have one, and "
            "so has a model that was fine-tuned on nested folders with classes='path' (--classes path)"
        )
    return hierarchy


def classify_images(
    images: Sequence[Any],
    read: Callable[[Any], np.ndarray],
    answers: Callable[[list[np.ndarray]], list[Classification]],
    model: str,
    *,
    returned: bool,
) -> list[Classification]:
    """Read a group of images, and have those answered together that can be read.

    Args:
        images: What `read` takes.
        read: Gives the pixels of one; raises `ImageError` or `UsageError`.
        answers: Gives one answer for the pixels of each.
        model: The name of the model.
        returned: Whether an image that cannot be read gets a result with its error, in place of raising it.

    Returns:
        One result an image, in order, with its path if it has one.
    """
    results: list[Classification | None] = []
    pixels = []
    for image in images:
        try:
            pixels.append(read(image))
            results.append(None)
        except (ImageError, UsageError) as error:
            if not returned:
                raise
            results.append(_unread(image, error, model))
    found = iter(answers(pixels) if pixels else [])
    return [
        replace(next(found), path=path_of(image)) if result is None else result
        for image, result in zip(images, results, strict=True)
    ]


def _unread(image: object, error: ImageError | UsageError, model: str) -> Classification:
    if isinstance(error, UsageError):
        return Classification(path_of(image), model, error=str(error))
    return Classification(path_of(image) or (error.path if error is image else None), model, error=error.reason)
