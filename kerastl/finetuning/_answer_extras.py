"""What answers on images that the weights have not seen say beside figures, for the metadata of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from kerastl.calibration import _intervals as intervals
from kerastl.calibration._thresholds import THRESHOLDS, Thresholds
from kerastl.finetuning._scores import ScoreKind
from kerastl.tasks._task import MULTILABEL, REGRESSION, Task

AIM = "f1"
"""What thresholds of labels are chosen for, unless `kerastl calibrate` is told otherwise."""


def answer_extras(
    answers: np.ndarray, labels: np.ndarray, classes: Sequence[str], task: Task, kind: ScoreKind
) -> dict[str, Any]:
    """Entries of `Metadata.extra`, as JSON values.

    Args:
        answers: float32 `(n, outputs)`, n at least 1.
        labels: As the task keeps them.
        classes: Names of the outputs.
        task: What the answers are.
        kind: What the images are.
    """
    found = _EXTRAS.get(task.name)
    return {} if found is None else found(answers, labels, classes, kind)


def _thresholds(answers: np.ndarray, truth: np.ndarray, names: Sequence[str], kind: ScoreKind) -> dict[str, Any]:
    return {THRESHOLDS: Thresholds.choose(answers, truth, names, AIM, kind).as_dict()}


def _interval(answers: np.ndarray, truth: np.ndarray, names: Sequence[str], kind: ScoreKind) -> dict[str, Any]:
    return intervals.record(intervals.scores(answers, truth))


_EXTRAS: Mapping[str, Callable[[np.ndarray, np.ndarray, Sequence[str], ScoreKind], dict[str, Any]]] = {
    MULTILABEL: _thresholds,
    REGRESSION: _interval,
}
