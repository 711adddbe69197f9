"""A temperature inside a network: its logits divided by a number, so that its softmax gives scaled probabilities.

softmax(z / T) is what temperature scaling makes of softmax(z) (Guo et al. 2017, equation 9). Where z comes out of a
layer with a kernel and a bias, these are divided, and the network stays what it was; elsewhere two layers of Keras's
own are put at its end.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import keras
import numpy as np

from kerastl.models._graph import before_softmax, call_behind, graph_of
from kerastl.models._head import activation_of, head_of

Classifying: TypeAlias = "keras.layers.Dense | keras.layers.Conv2D"

# What the layers at the end are called.
DIVISION, SOFTMAX = "temperature", "temperature_softmax"
# The least that float32 holds of a probability: one that is 0 has a logarithm for it.
_TINY = float(np.finfo(np.float32).tiny)


def last_layer(model: keras.Model) -> Classifying | None:
    """The layer whose kernel and bias can take a temperature, since a softmax of its sums is all that follows.

    Args:
        model: A network with one output of shape (n, classes).

    Returns:
        The layer; None where there is no such one: where the network ends otherwise, where the layer is used twice,
        or where its numbers are not float32 (rounding them again would change more than the temperature).
    """
    graph = graph_of(model)
    while graph is not None and len(graph.outputs) == 1:
        head = head_of(graph.outputs[0])
        if head:
            return head[0] if _ends_in_softmax(head) and _can_be_divided(head[0]) else None
        last = call_behind(graph.outputs[0]).operation
        graph = graph_of(last) if len(last._inbound_nodes) == 1 else None
    return None


def _ends_in_softmax(head: list[Any]) -> bool:
    """Whether there is one softmax, and behind it nothing that would mix what it gives."""
    names = [activation_of(each) for each in head]
    if [name for name in names if name not in (None, "linear")] != ["softmax"]:
        return False
    behind = head[names.index("softmax") + 1 :]
    return not any(isinstance(each, keras.layers.GlobalAveragePooling2D) for each in behind)


def _can_be_divided(layer: Any) -> bool:
    names = [variable.name for variable in layer.weights]
    return (
        len(layer._inbound_nodes) == 1
        and names in (["kernel"], ["kernel", "bias"])
        and all(variable.dtype == "float32" for variable in layer.weights)
    )


def with_temperature(model: keras.Model, temperature: float) -> keras.Model:
    """Put a temperature behind any network that gives probabilities.

    Where it ends in a softmax, the logits are divided before it; elsewhere it is the softmax of their logarithms.
    A temperature that was put there before is replaced by the product of both.

    Args:
        model: A network with one input and one output of shape (n, classes), whose rows sum to 1. It is not changed.
        temperature: More than 0.

    Returns:
        A functional model of the same input and output shapes, which shares its layers. It ends in a `Rescaling` and
        a `Softmax`, both in float32.
    """
    start, output = model.inputs[0], model.outputs[0]
    if graph_of(model) is None:  # its class calls its layers in a way of its own
        start = keras.Input(start.shape[1:], dtype=start.dtype, name=start.name)
        (output,) = keras.tree.flatten(model(start))
    scores = before_softmax(output)
    if scores is output:
        scores = keras.ops.log(keras.ops.maximum(keras.ops.cast(output, "float32"), _TINY))
    before = call_behind(scores).operation
    if isinstance(before, keras.layers.Rescaling) and before.name == DIVISION:
        scores, temperature = call_behind(scores).input_tensors[0], temperature / float(before.scale)
    scores = keras.layers.Rescaling(1 / temperature, dtype="float32", name=DIVISION)(scores)
    scores = keras.layers.Softmax(dtype="float32", name=SOFTMAX)(scores)
    return keras.Model(start, scores, name=model.name)
