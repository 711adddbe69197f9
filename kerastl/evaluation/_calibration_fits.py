"""What is fitted on answers for each task: a temperature, thresholds of labels, intervals around numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerastl._base.text import printable
from kerastl._metrics import log_losses, multilabel
from kerastl.calibration import _intervals as intervals
from kerastl.calibration import _leave_one_out as leave_one_out
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._leave_one_out import set_scores
from kerastl.calibration._thresholds import THRESHOLDS, ThresholdAim, Thresholds, thresholded
from kerastl.data import Item
from kerastl.errors import ModelError
from kerastl.evaluation._metrics import reliability
from kerastl.evaluation._multilabel_metrics import LabeledScores
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION

_FOLDS = 5
# By how much the probabilities of a network that computes in 16 bits may miss 1 in all.
_ROUNDING = 0.02
_NAN = float("nan")


@dataclass(frozen=True)
class Looked:
    """What the network says of images, as it was before any calibration.

    Args:
        items: The images.
        own: float (n, outputs): answers.
        features: float (n, d), rows of length 1.
        labels: What is right, as the task keeps it.
        failed: Images that could not be read, and why.
        names: Of the outputs.
    """

    items: tuple[Item, ...]
    own: np.ndarray
    features: np.ndarray
    labels: np.ndarray
    failed: Mapping[str, str]
    names: tuple[str, ...]


@dataclass(frozen=True)
class Fit:
    """What was fitted.

    Args:
        temperature: What scores are scaled with.
        log_loss: Before and after, in nats.
        calibration_error: Before and after, in [0, 1].
        extra: Entries of the model's metadata.
        thresholds: Of labels.
        notes: What to know, one line each.
    """

    temperature: float = 1.0
    log_loss: tuple[float, float] = (_NAN, _NAN)
    calibration_error: tuple[float, float] = (_NAN, _NAN)
    extra: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Thresholds | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskFits:
    """What `kerastl calibrate` does for one task.

    Args:
        what: What is fitted, for people who wait.
        check: Raises `ModelError` if answers are none of this task; of the model's name and the answers.
        fit: On images that the network did not learn from; `seed` is that of the folds.
        left_out: The same on answers by leave-one-out, beside which the head was calibrated; `given` is the temperature
            that they have been divided by.
    """

    what: str
    check: Callable[[str, np.ndarray], None]
    fit: Callable[[Looked, ThresholdAim, int], Fit]
    left_out: Callable[[Looked, ThresholdAim, float], Fit]


def fits_of(task: str) -> TaskFits:
    """What is fitted for a task."""
    return _FITS[task]


# Classes.


def _are_probabilities(name: str, own: np.ndarray) -> None:
    if not (own.min() >= 0 and np.abs(own.sum(axis=1) - 1).max() <= _ROUNDING):
        raise ModelError(
            f"{printable(name)}: what it gives are no probabilities (0 or more, and 1 in all): only a network that "
            "ends in a softmax can be calibrated"
        )


def _fit_classes(looked: Looked, _: ThresholdAim, seed: int) -> Fit:
    found, losses, errors = _temperature(looked.own, looked.labels, seed)
    return Fit(found, losses, errors, notes=tuple(_on_temperature(looked, found)))


def _classes_left_out(looked: Looked, _: ThresholdAim, given: float) -> Fit:
    both = (temperature.undo(looked.own, given), looked.own)
    return Fit(given, *_before_and_after(both, looked.labels), notes=tuple(_on_temperature(looked, given)))


def _on_temperature(looked: Looked, found: float) -> Iterator[str]:
    if _one_class(looked.labels):
        yield (
            f"all of these images are of one class ('{printable(looked.names[looked.labels[0]])}'): no temperature is "
            "fitted, and coverage and rejection hold for images of that class only; calibrate with images of every "
            "class"
        )
    elif found == 1:
        yield "no temperature makes these images more likely, cross-validated: scores stay as they are"


def _one_class(labels: np.ndarray) -> bool:
    return len(np.unique(labels)) == 1


def _temperature(
    own: np.ndarray, labels: np.ndarray, seed: int
) -> tuple[float, tuple[float, float], tuple[float, float]]:
    """The temperature; log loss and calibration error, each before and after, where after is cross-validated.

    The temperature is 1 where the log loss does not fall: a few images may mislead by more than there is to gain; and
    where all images are of one class.
    """
    after = np.empty_like(own)
    order = np.random.default_rng(seed).permutation(len(labels))
    for fold in np.array_split(order, min(_FOLDS, len(labels))):
        others = np.setdiff1d(order, fold)
        after[fold] = temperature.apply(own[fold], temperature.fit(own[others], labels[others]) if len(others) else 1)
    losses, errors = _before_and_after((own, after), labels)
    if losses[1] >= losses[0] or _one_class(labels):
        return 1.0, (losses[0], losses[0]), (errors[0], errors[0])
    return temperature.fit(own, labels), (losses[0], losses[1]), (errors[0], errors[1])


def _before_and_after(
    both: tuple[np.ndarray, np.ndarray], labels: np.ndarray
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Log loss and calibration error of two sets of answers on the same images."""
    right = both[0].argmax(axis=1) == labels
    losses = [float(log_losses(values, labels).mean()) for values in both]
    errors = [reliability(values.max(axis=1).astype(np.float64), right).error for values in both]
    return (losses[0], losses[1]), (errors[0], errors[1])


# Labels.


def _are_label_scores(name: str, own: np.ndarray) -> None:
    if not (own.min() >= 0 and own.max() <= 1):
        raise ModelError(f"{printable(name)}: what it gives are no probabilities of labels, which lie between 0 and 1")


def _fit_labels(looked: Looked, aim: ThresholdAim, _: int) -> Fit:
    return _thresholds(looked, aim, "validation")


def _labels_left_out(looked: Looked, aim: ThresholdAim, _: float) -> Fit:
    return _thresholds(looked, aim, leave_one_out.SPLIT)


def _thresholds(looked: Looked, aim: ThresholdAim, kind: str) -> Fit:
    chosen = Thresholds.choose(looked.own, looked.labels, looked.names, aim, kind)
    loss = float(multilabel.log_losses(looked.own, looked.labels).mean())
    images = LabeledScores.of(looked.own, looked.labels, thresholded(looked.own, chosen.values))
    error = float(images.calibration_errors().mean())
    extra = {THRESHOLDS: chosen.as_dict()}
    return Fit(1.0, (loss, loss), (error, error), extra, chosen, tuple(chosen.notes()))


# Numbers.


def _are_numbers(name: str, own: np.ndarray) -> None:
    if not np.isfinite(own).all():
        raise ModelError(f"{printable(name)}: its numbers are not finite: its weights are broken")


def _fit_numbers(looked: Looked, _: ThresholdAim, __: float) -> Fit:
    return Fit(extra=intervals.record(np.sort(set_scores(looked.own, looked.labels, REGRESSION))))


_CLASSES = TaskFits("fitting the temperature", _are_probabilities, _fit_classes, _classes_left_out)
_FITS: Mapping[str, TaskFits] = {
    CLASSIFICATION: _CLASSES,
    ORDINAL: _CLASSES,
    MULTILABEL: TaskFits("choosing thresholds", _are_label_scores, _fit_labels, _labels_left_out),
    REGRESSION: TaskFits("fitting intervals", _are_numbers, _fit_numbers, _fit_numbers),
}
