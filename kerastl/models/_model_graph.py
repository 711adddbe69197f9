"""The graph of a Keras model: its layers, what goes into each and comes out, and where it can be cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import keras


def graph_of(model: object) -> keras.Model | None:
    """The functional graph that a model is, without what its class adds to it.

    Args:
        model: A functional or built Sequential model, or anything else.

    Returns:
        A model of the same layers; None where there is no such graph: for a subclassed model, one whose class calls
        its layers in a way of its own, and all that is no model.
    """
    if not isinstance(model, keras.Model) or not type(model).call.__module__.startswith("keras.src.models."):
        return None
    try:
        return keras.Model(model.inputs, model.outputs, name=model.name)
    except AttributeError:  # subclassed models and Sequential ones that are not built have no inputs
        return None


def inputs_of(operation: keras.Operation) -> list[keras.KerasTensor]:
    """The tensors that go into a layer or operation in the graph it was made in; also into a model in a model."""
    return list(operation._inbound_nodes[0].input_tensors)


def outputs_of(operation: keras.Operation) -> list[keras.KerasTensor]:
    """The tensors that come out of it, likewise."""
    return list(operation._inbound_nodes[0].outputs)


def is_plain(model: keras.Model) -> bool:
    """Whether a model is nothing but its graph, so that its class has no constructor that would make it again."""
    return type(model).__module__.startswith("keras.src.models.")


def layers_of(graph: keras.Model) -> Iterator[keras.Operation]:
    """The layers and operations of a graph from the input up; those of a model nested in it come after the model."""
    for operation in graph.operations:
        yield operation
        if (inner := graph_of(operation)) is not None:
            yield from layers_of(inner)


def cuts(operations: Sequence[Any], outputs: Sequence[keras.KerasTensor]) -> Iterator[tuple[int, keras.KerasTensor]]:
    """Where a single tensor crosses a graph.

    Args:
        operations: Of the graph, from the input up.
        outputs: Its outputs.

    Yields:
        The number of the operation after which only one tensor is used further on, and that tensor.
    """
    last_use = {id(tensor): len(operations) for tensor in outputs}
    for number, operation in reversed(list(enumerate(operations))):
        if not isinstance(operation, keras.layers.InputLayer):
            for tensor in inputs_of(operation):
                last_use.setdefault(id(tensor), number)
    waiting: dict[int, keras.KerasTensor] = {}
    for number, operation in enumerate(operations):
        waiting |= {id(tensor): tensor for tensor in outputs_of(operation)}
        waiting = {key: tensor for key, tensor in waiting.items() if last_use.get(key, -1) > number}
        if len(waiting) == 1:
            yield number, next(iter(waiting.values()))
