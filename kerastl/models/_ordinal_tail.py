"""The end of a network that tells ordered classes: from one score to probabilities, by a cumulative link.

It is made of Keras's own layers, so that plain Keras loads it. With b_k = score - threshold_k, the logarithm of the
probability of class k is log sigmoid(b_{k-1}) + log sigmoid(b_k) - b_k and a constant: a `Dense` layer makes the b_k,
and one with a softmax adds up, for which these logarithms are logits. So a temperature is put into it as into any
other classifier. Thresholds and sums are set once the scores are known, and no gradient step moves them: the part
below learns where on their scale an image lies.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

THRESHOLDS, LOGS, JOINED, CLASSES = "ordinal_thresholds", "ordinal_logs", "ordinal_sums", "ordinal_classes"
TAIL = (THRESHOLDS, LOGS, JOINED, CLASSES)
"""Names of the layers, by which such an end is known again in a saved model."""


def ordinal_tail(score: keras.KerasTensor, thresholds: np.ndarray) -> keras.KerasTensor:
    """Put it behind a score.

    Args:
        score: Shape (n, 1).
        thresholds: float (classes - 1,), ascending.

    Returns:
        Probabilities, shape (n, classes).

    Example:
        >>> import keras, numpy as np
        >>> from kerastl.models._ordinal_tail import ordinal_tail
        >>> score = keras.Input((1,))
        >>> model = keras.Model(score, ordinal_tail(score, np.array([-1.0, 1.0])))
        >>> np.asarray(model(np.array([[0.0]]))).round(3).tolist()
        [[0.269, 0.462, 0.269]]
    """
    count = len(thresholds)
    beyond = keras.layers.Dense(count, dtype="float32", name=THRESHOLDS)
    behind = keras.layers.Dense(count + 1, activation="softmax", dtype="float32", trainable=False, name=CLASSES)
    values = beyond(score)
    logs = keras.layers.Activation("log_sigmoid", dtype="float32", name=LOGS)(values)
    output = behind(keras.layers.Concatenate(dtype="float32", name=JOINED)([logs, values]))
    set_thresholds({THRESHOLDS: beyond, CLASSES: behind}, thresholds)
    return output


def set_thresholds(layers: Mapping[str, keras.layers.Layer], thresholds: np.ndarray) -> None:
    """Set them in layers that `ordinal_tail` made.

    Args:
        layers: By their names.
        thresholds: As for `ordinal_tail`.
    """
    count = len(thresholds)
    ones = np.eye(count, dtype=np.float32)
    sums = np.zeros((2 * count, count + 1), np.float32)
    sums[:count, 1:] += ones
    sums[:count, :-1] += ones
    sums[count:, :-1] -= ones
    widths = np.concatenate([[0.0], np.log(-np.expm1(-np.diff(thresholds))), [0.0]])
    layers[THRESHOLDS].set_weights([np.ones((1, count), np.float32), -np.asarray(thresholds, np.float32)])
    layers[CLASSES].set_weights([sums, widths.astype(np.float32)])


def tail_layers(model: keras.Model) -> dict[str, keras.layers.Layer]:
    """The layers of the end of a network that have weights, by their names; none where it ends otherwise."""
    return {layer.name: layer for layer in model.layers if layer.name in (THRESHOLDS, CLASSES)}


def is_tail(operation: Any) -> bool:
    """Whether a layer belongs to such an end; a copy of one has a number behind its name."""
    return str(getattr(operation, "name", "")).startswith(TAIL)


def below_tail(output: keras.KerasTensor) -> keras.KerasTensor:
    """The score that such an end was put behind; `output` itself where it ends otherwise."""
    tensor = output
    while is_tail(operation := tensor._keras_history.operation):
        tensor = keras.tree.flatten(operation.input)[0]
    return tensor
