"""What ridge regression is solved for in each task, and what its solution becomes in the network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl.data._number_bins import number_bins
from kerastl.finetuning._network import Network
from kerastl.finetuning._numeric_heads import number_head, number_targets, ordinal_head, ordinal_targets
from kerastl.finetuning._ridge import RidgeHead, softmax_head
from kerastl.finetuning._ridge_solution import RidgeSolution
from kerastl.finetuning._targets import OneHot, Targets
from kerastl.models._ordinal_tail import set_thresholds, tail_layers
from kerastl.tasks._task import CLASSIFICATION, ORDINAL, REGRESSION


@dataclass(frozen=True)
class RidgeTask:
    """How a task is solved by ridge regression. Labels are as the task keeps them, weights `(n,)`.

    Args:
        targets: Of labels, for a network.
        strata: Of labels, int64 `(n,)`: what each fold of images that are left out together should have its part of.
        head: Of a solution, with labels and weights of the images that it was fitted to, for a network; sets what the
            network has behind its classifier, if anything.
        said: What else was found, in words.
    """

    targets: Callable[[np.ndarray, Network], Targets]
    strata: Callable[[np.ndarray], np.ndarray]
    head: Callable[[RidgeSolution, np.ndarray, np.ndarray, Network], RidgeHead]
    said: Callable[[RidgeHead], str] = lambda head: ""


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


RIDGE_TASKS: Mapping[str, RidgeTask] = {
    CLASSIFICATION: RidgeTask(
        lambda labels, network: OneHot(labels, _classes(network)),
        lambda labels: labels,
        lambda solution, labels, weights, network: softmax_head(solution, labels, weights),
        lambda head: f", temperature {head.temperature:.3g}",
    ),
    ORDINAL: RidgeTask(lambda labels, network: ordinal_targets(labels), lambda labels: labels, _ordinal),
    REGRESSION: RidgeTask(
        lambda labels, network: number_targets(labels, _scale(network)),
        number_bins,
        lambda solution, labels, weights, network: number_head(solution, labels, weights, _scale(network)),
    ),
}
"""By the names of tasks."""
