"""What answers on images that the weights have not seen say beside figures, for the metadata of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerastl.calibration import _intervals as intervals
from kerastl.calibration._thresholds import THRESHOLDS, Thresholds
from kerastl.finetuning._scores import ScoreKind
from kerastl.finetuning._training_data import TrainingData
from kerastl.tasks._task import MULTILABEL, REGRESSION


def answer_extras(answers: np.ndarray, labels: np.ndarray, data: TrainingData, kind: ScoreKind) -> dict[str, Any]:
    """Entries of `Metadata.extra`, as JSON values.

    Args:
        answers: float32 `(n, outputs)`, n at least 1.
        labels: As the task keeps them.
        data: Names the outputs, the task, and what is wanted of it.
        kind: What the images are.
    """
    found = _EXTRAS.get(data.task.name)
    return {} if found is None else found(answers, labels, data, kind)


def _thresholds(answers: np.ndarray, truth: np.ndarray, data: TrainingData, kind: ScoreKind) -> dict[str, Any]:
    return {THRESHOLDS: Thresholds.choose(answers, truth, data.classes, data.threshold_aim, kind).as_dict()}


def _interval(answers: np.ndarray, truth: np.ndarray, _: TrainingData, __: ScoreKind) -> dict[str, Any]:
    return intervals.record(intervals.scores(answers, truth))


_EXTRAS: Mapping[str, Callable[[np.ndarray, np.ndarray, TrainingData, ScoreKind], dict[str, Any]]] = {
    MULTILABEL: _thresholds,
    REGRESSION: _interval,
}
