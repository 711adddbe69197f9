"""The layers that a head ends in, for each task: from features to the network's output.

The first of them is the classifier, a `Dense` layer, which is solved in closed form or trained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from kerastl.finetuning._numeric_heads import number_scale
from kerastl.models._ordinal_tail import ordinal_tail
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION, Task

CLASSIFIER = "head_classifier"
"""Name of the layer that is solved or trained."""
UNITS = "head_units"
"""Name of the layer that brings standardized numbers into their unit."""


@dataclass(frozen=True)
class Outputs:
    """What a network is to give.

    Args:
        task: What the outputs are.
        classes: How many there are; 1 where it is a number.
        labels: Of the training images, as the task keeps them: they tell on which scale numbers lie, and where
            thresholds between classes start. Not needed where neither is of use.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._head_layers import Outputs
        >>> from kerastl.tasks import TASKS
        >>> Outputs(TASKS["regression"], 1, np.array([10.0, 30.0])).scale
        (20.0, 10.0)
    """

    task: Task
    classes: int
    labels: NDArray[np.generic] | None = None

    @property
    def scale(self) -> tuple[float, float]:
        """Mean and standard deviation of numbers; the latter is 1 where all are the same."""
        return (0.0, 1.0) if self.labels is None else number_scale(self.labels)

    @property
    def thresholds(self) -> np.ndarray:
        """Where classes of an order are parted so that a score of 0 gets their frequencies: `(classes - 1,)`."""
        counts = np.bincount(np.zeros(0, np.int64) if self.labels is None else self.labels, minlength=self.classes)
        below = np.cumsum(counts + 1)[:-1] / (counts.sum() + self.classes)
        return np.asarray(np.log(below / (1 - below)))


def head_layers(
    features: keras.KerasTensor, outputs: Outputs, seed: int
) -> tuple[list[keras.layers.Layer], keras.KerasTensor]:
    """Put the layers of a task on features.

    Args:
        features: Shape (n, d).
        outputs: What is to come out.
        seed: Of the first weights (Glorot uniform).

    Returns:
        The layers from the classifier up, and the output: shape (n, classes), or (n, 1) for a number.
    """
    output = _HEADS[outputs.task.name](features, outputs, seed)
    return keras.Model(features, output).layers[1:], output


def _classifier(features: keras.KerasTensor, units: int, activation: str, seed: int) -> keras.KerasTensor:
    glorot = keras.initializers.GlorotUniform(seed=seed)
    layer = keras.layers.Dense(
        units, activation=activation, kernel_initializer=glorot, dtype="float32", name=CLASSIFIER
    )
    return layer(features)


def _of_classes(features: keras.KerasTensor, outputs: Outputs, seed: int) -> keras.KerasTensor:
    return _classifier(features, outputs.classes, outputs.task.activation, seed)


def _of_ordered_classes(features: keras.KerasTensor, outputs: Outputs, seed: int) -> keras.KerasTensor:
    return ordinal_tail(_classifier(features, 1, "linear", seed), outputs.thresholds)


def _of_a_number(features: keras.KerasTensor, outputs: Outputs, seed: int) -> keras.KerasTensor:
    middle, spread = outputs.scale
    units = keras.layers.Rescaling(spread, middle, dtype="float32", name=UNITS)
    return units(_classifier(features, 1, "linear", seed))


class Standardized(keras.losses.Loss):
    """A loss of standardized numbers, of numbers in their unit: so its size does not depend on the unit.

    Args:
        loss: Of standardized numbers.
        middle: What is taken off numbers.
        spread: What they are divided by then.
    """

    def __init__(self, loss: keras.losses.Loss, middle: float, spread: float) -> None:
        super().__init__(name=loss.name, reduction=loss.reduction)
        self._loss, self._middle, self._spread = loss, middle, spread

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each image (called by Keras)."""
        truth, answer = ((keras.ops.cast(each, "float32") - self._middle) / self._spread for each in (y_true, y_pred))
        return self._loss.call(truth, answer)


_HEADS: Mapping[str, Callable[[keras.KerasTensor, Outputs, int], keras.KerasTensor]] = {
    CLASSIFICATION: _of_classes,
    MULTILABEL: _of_classes,
    ORDINAL: _of_ordered_classes,
    REGRESSION: _of_a_number,
}
