"""What ridge regression is solved for in each task, and what its solution becomes in the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from kerastl.data._number_bins import number_bins
from kerastl.finetuning._label_heads import label_head, rare_labels
from kerastl.finetuning._numeric_heads import number_head, number_targets, ordinal_head, ordinal_targets
from kerastl.finetuning._ridge import RidgeHead, softmax_head
from kerastl.finetuning._ridge_folds import balanced_folds, label_folds
from kerastl.finetuning._ridge_solution import RidgeSolution
from kerastl.finetuning._solver_targets import OneHot, TargetMatrix, Targets
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION


@dataclass(frozen=True)
class RidgeTask:
    """How a task is solved by ridge regression.

    Args:
        targets: Of labels, as the task keeps them, and the outputs.
        folds: Of groups, int64 `(n,)`, labels and a seed: which images are left out together, int64 `(n,)`.
        head: Of a solution, with labels and weights `(n,)` of the images that it was fitted to, and the outputs.
        doubt: What is doubtful about labels of such classes, in a line; empty where nothing is.
    """

    targets: Callable[[np.ndarray, RidgeOutputs], Targets]
    folds: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
    head: Callable[[RidgeSolution, np.ndarray, np.ndarray, RidgeOutputs], RidgeHead]
    doubt: Callable[[np.ndarray, Sequence[str]], str] = lambda labels, classes: ""


class RidgeOutputs(NamedTuple):
    """What is to come out.

    Args:
        classes: How many outputs there are.
        scale: What is taken off a number, and what it is divided by then, before it is solved for.
    """

    classes: int
    scale: tuple[float, float] = (0.0, 1.0)


def _by_class(groups: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    return balanced_folds(groups, labels, seed=seed)


def _by_labels(groups: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    return label_folds(groups, labels, seed=seed)


def _by_number(groups: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    return balanced_folds(groups, number_bins(labels), seed=seed)


def _rare(labels: np.ndarray, classes: Sequence[str]) -> str:
    rare = rare_labels(labels.sum(axis=0), classes)
    return f"labels that few images have, so that their scores say little: {rare}" if rare else ""


RIDGE_TASKS: Mapping[str, RidgeTask] = {
    CLASSIFICATION: RidgeTask(
        lambda labels, outputs: OneHot(labels, outputs.classes),
        _by_class,
        lambda solution, labels, weights, outputs: softmax_head(solution, labels, weights),
    ),
    MULTILABEL: RidgeTask(
        lambda labels, outputs: TargetMatrix(labels),
        _by_labels,
        lambda solution, labels, weights, outputs: label_head(solution, labels, weights),
        _rare,
    ),
    ORDINAL: RidgeTask(
        lambda labels, outputs: ordinal_targets(labels),
        _by_class,
        lambda solution, labels, weights, outputs: ordinal_head(solution, labels, outputs.classes, weights),
    ),
    REGRESSION: RidgeTask(
        lambda labels, outputs: number_targets(labels, outputs.scale),
        _by_number,
        lambda solution, labels, weights, outputs: number_head(solution, labels, weights, outputs.scale),
    ),
}
"""By the names of tasks."""
