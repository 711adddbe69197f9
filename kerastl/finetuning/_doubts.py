"""What is doubtful about a model's answers, for each task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from kerastl.finetuning._diagnosis import diagnose
from kerastl.finetuning._label_diagnosis import diagnose_labels
from kerastl.finetuning._number_diagnosis import diagnose_numbers
from kerastl.finetuning._scores import ScoreKind
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION, Task

_DIAGNOSES: Mapping[str, Callable[[np.ndarray, np.ndarray, Sequence[str], ScoreKind], list[str]]] = {
    CLASSIFICATION: diagnose,
    MULTILABEL: diagnose_labels,
    ORDINAL: diagnose,
    REGRESSION: diagnose_numbers,
}


def doubts(
    answers: np.ndarray, labels: np.ndarray, classes: Sequence[str], task: Task, kind: ScoreKind = "validation"
) -> list[str]:
    """Name what is doubtful about answers for images that the weights have not seen, one line each.

    Args:
        answers: float32 `(n, outputs)`.
        labels: As the task keeps them.
        classes: Names of the outputs.
        task: What the answers are.
        kind: What the images are.
    """
    return _DIAGNOSES[task.name](answers, labels, classes, kind)
