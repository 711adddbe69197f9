"""Answers on the scale that suits some images best, so that they are compared by how well they tell these apart.

Label smoothing makes answers more modest than they should be and long training makes them bolder; what a scale can mend
says nothing of the features. Of classes it is a temperature, of labels a slope and an offset each (Platt 1999), of
numbers there is none. What was found can be put into the last layer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kerastl.calibration import _platt as platt
from kerastl.calibration import _temperature as temperature
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION, Task


class Scale(Protocol):
    """A scale that was found."""

    def apply(self, answers: np.ndarray) -> np.ndarray:
        """The answers on it, `(n, outputs)`."""

    def weights(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Kernel and bias of the last layer, so that the network gives such answers."""


@dataclass(frozen=True)
class _Temperature:
    value: float

    def apply(self, answers: np.ndarray) -> np.ndarray:
        return temperature.apply(answers, self.value)

    def weights(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        return [weight / np.float32(self.value) for weight in weights]


@dataclass(frozen=True)
class _Platt:
    scale: platt.PlattScale

    def apply(self, answers: np.ndarray) -> np.ndarray:
        return self.scale.apply_to_probabilities(answers)

    def weights(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        return list(self.scale.into(*weights))


class _AsTheyAre:
    def apply(self, answers: np.ndarray) -> np.ndarray:
        return answers

    def weights(self, weights: Sequence[np.ndarray]) -> list[np.ndarray]:
        return list(weights)


OUTPUT_SCALINGS: Mapping[str, Callable[[np.ndarray, np.ndarray], Scale]] = {
    CLASSIFICATION: lambda answers, labels: _Temperature(temperature.fit(answers, labels)),
    MULTILABEL: lambda answers, labels: _Platt(platt.fit_probabilities(answers, labels)),
    ORDINAL: lambda answers, labels: _Temperature(temperature.fit(answers, labels)),
    REGRESSION: lambda answers, labels: _AsTheyAre(),
}
"""From answers, float `(n, outputs)`, and labels of as many images to the scale that suits them, by task."""


def fitted_losses(answers: np.ndarray, labels: np.ndarray, task: Task) -> np.ndarray:
    """Loss of each image, float64 `(n,)`, on the scale that suits all of them best."""
    return task.losses(OUTPUT_SCALINGS[task.name](answers, labels).apply(answers), labels)
