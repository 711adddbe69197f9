"""What ridge regression is solved for in each task, and what its solution becomes in the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl.data._number_bins import number_bins
from kerastl.finetuning._label_heads import label_head, rare_labels
from kerastl.finetuning._network import Network
from kerastl.finetuning._numeric_heads import number_head, number_targets, ordinal_head, ordinal_targets
from kerastl.finetuning._ridge import RidgeHead, softmax_head
from kerastl.finetuning._ridge_folds import balanced_folds, label_folds
from kerastl.finetuning._ridge_solution import RidgeSolution
from kerastl.finetuning._targets import OneHot, TargetMatrix, Targets
from kerastl.models._ordinal_tail import set_thresholds, tail_layers
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION


@dataclass(frozen=True)
class RidgeTask:
    """How a task is solved by ridge regression. Labels are as the task keeps them, weights `(n,)`.

    Args:
        targets: Of labels, for a network.
        folds: Of groups, int64 `(n,)`, labels and a seed: which images are left out together, int64 `(n,)`.
        head: Of a solution, with labels and weights of the images that it was fitted to, for a network; sets what the
            network has behind its classifier, if anything.
        doubt: What is doubtful about labels of such classes, in a line; empty where nothing is.
    """

    targets: Callable[[np.ndarray, Network], Targets]
    folds: Callable[[np.ndarray, np.ndarray, int], np.ndarray]
    head: Callable[[RidgeSolution, np.ndarray, np.ndarray, Network], RidgeHead]
    doubt: Callable[[np.ndarray, Sequence[str]], str] = lambda labels, classes: ""


def _classes(network: Network) -> int:
    return int(network.model.output_shape[-1])


def _scale(network: Network) -> tuple[float, float]:
    """What the network adds to a standardized number, and what it multiplies it by before."""
    units: Any = network.model.layers[-1]
    return float(units.offset), float(units.scale)


def _ordinal(solution: RidgeSolution, labels: np.ndarray, weights: np.ndarray, network: Network) -> RidgeHead:
    head, link = ordinal_head(solution, labels, _classes(network), weights)
    set_thresholds(tail_layers(network.model), link.thresholds)
    return head


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
        lambda labels, network: OneHot(labels, _classes(network)),
        _by_class,
        lambda solution, labels, weights, network: softmax_head(solution, labels, weights),
    ),
    MULTILABEL: RidgeTask(
        lambda labels, network: TargetMatrix(labels),
        _by_labels,
        lambda solution, labels, weights, network: label_head(solution, labels, weights),
        _rare,
    ),
    ORDINAL: RidgeTask(lambda labels, network: ordinal_targets(labels), _by_class, _ordinal),
    REGRESSION: RidgeTask(
        lambda labels, network: number_targets(labels, _scale(network)),
        _by_number,
        lambda solution, labels, weights, network: number_head(solution, labels, weights, _scale(network)),
    ),
}
"""By the names of tasks."""
