"""Functional graphs: in which order a network computes, where it can be cut, and the pieces that come of it.

Every cut of a network goes through `split_graph`: fine-tuning at the boundary of a phase, explaining at the last
feature map.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras

from kerastl.errors import ModelError
from kerastl.models._ordinal_tail import is_tail

# Activations that make probabilities of scores.
_PROBABILITIES = ("softmax", "sigmoid")

# These make no feature map of their own, so that the one below them is the last.
_PASSING = (
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.Dropout,
    keras.layers.SpatialDropout2D,
)


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


def is_plain(model: keras.Model) -> bool:
    """Whether a model is nothing but its graph, so that its class has no constructor that would make it again."""
    return type(model).__module__.startswith("keras.src.models.")


def layers_of(graph: keras.Model) -> Iterator[keras.Operation]:
    """The layers and operations of a graph from the input up; those of a model nested in it come after the model."""
    for operation in graph.operations:
        yield operation
        if (inner := graph_of(operation)) is not None:
            yield from layers_of(inner)


def inputs_of(operation: keras.Operation) -> list[keras.KerasTensor]:
    """The tensors that go into a layer or operation in the graph it was made in; also into a model in a model."""
    return list(operation._inbound_nodes[0].input_tensors)


def outputs_of(operation: keras.Operation) -> list[keras.KerasTensor]:
    """The tensors that come out of it, likewise."""
    return list(operation._inbound_nodes[0].outputs)


def calls(graph: keras.Model) -> list[Any]:
    """The calls of which a graph consists, from the input up, in the order of `graph.operations`.

    Returns:
        Keras's nodes, each with its `operation`, a layer or a bare operation, its `input_tensors` and its `outputs`.
        A layer that is called twice is there twice.
    """
    order = {id(operation): number for number, operation in enumerate(graph.operations)}
    depths = sorted(graph._nodes_by_depth.items(), reverse=True)
    return [node for _, nodes in depths for node in sorted(nodes, key=lambda node: order[id(node.operation)])]


def run_through(graph: keras.Model, inputs: Any, call: Callable[..., Any]) -> Any:
    """Go through a graph from the input up.

    Args:
        graph: A functional model.
        inputs: What takes the place of its inputs: tensors, symbolic ones, or anything that `call` understands.
        call: Gets each layer or operation with what it is called with; what it returns goes on in its place.

    Returns:
        What arrives at the outputs, nested as they are.
    """
    # Keras 3.12, the last for Python 3.10, has no default for `operation_fn`.
    return graph._run_through_graph(inputs, operation_fn=lambda operation: operation, call_fn=call)


def call_behind(tensor: keras.KerasTensor) -> Any:
    """The call that a tensor comes out of, see `calls`."""
    history = tensor._keras_history
    return history.operation._inbound_nodes[history.node_index]


def cuts(graph: keras.Model) -> Iterator[tuple[int, keras.KerasTensor]]:
    """Where a single tensor crosses a graph.

    Yields:
        The number of the call after which only one tensor is used further on, and that tensor.
    """
    nodes = calls(graph)
    last_use = {id(tensor): len(nodes) for tensor in graph.outputs}
    for number, node in reversed(list(enumerate(nodes))):
        for tensor in node.input_tensors:
            last_use.setdefault(id(tensor), number)
    waiting: dict[int, keras.KerasTensor] = {}
    for number, node in enumerate(nodes):
        waiting |= {id(tensor): tensor for tensor in node.outputs}
        waiting = {key: tensor for key, tensor in waiting.items() if last_use.get(key, -1) > number}
        if len(waiting) == 1:
            yield number, next(iter(waiting.values()))


def crossing(graph: keras.Model, begins: Callable[[keras.Operation], bool]) -> list[keras.KerasTensor]:
    """The tensors that go from the lower part of a graph into the upper one.

    Args:
        graph: The whole.
        begins: Whether the upper part begins at an operation, unless it has begun below. All that depends on such
            an operation belongs to the upper part, too.

    Returns:
        In the order in which they are used; nothing where the upper part is empty.
    """
    above: set[int] = set()
    found: dict[int, keras.KerasTensor] = {}
    for node in calls(graph):
        if node.is_input or not (begins(node.operation) or any(id(tensor) in above for tensor in node.input_tensors)):
            continue
        above |= {id(tensor) for tensor in node.outputs}
        found |= {id(tensor): tensor for tensor in node.input_tensors if id(tensor) not in above}
    return list(found.values())


def split_graph(model: keras.Model, tensors: Sequence[keras.KerasTensor]) -> tuple[keras.Model, keras.Model]:
    """Cut a network in two.

    Args:
        model: One functional graph with one input and one output.
        tensors: All that goes from its lower part into the upper one, as `crossing` gives them.

    Returns:
        The lower part, from the network's input to one tensor, and the upper part, from there to the network's
        output. Both share layers and weights with `model`. Where several tensors cross, they travel flattened, side
        by side: shape (n, sum of their sizes).

    Raises:
        ModelError: Several tensors cross, and one of them has no fixed size.

    Example:
        >>> import keras
        >>> from kerastl.models import split_graph
        >>> image = keras.Input((8, 8, 3))
        >>> places = keras.layers.Conv2D(4, 3)(image)
        >>> model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(places))
        >>> lower, upper = split_graph(model, [places])
        >>> lower.output_shape, upper.output_shape
        ((None, 6, 6, 4), (None, 4))
    """
    start, end = model.inputs[0], model.outputs[0]
    if len(tensors) == 1:
        return keras.Model(start, tensors[0]), keras.Model(tensors[0], end)
    if any(None in tensor.shape[1:] for tensor in tensors):
        shapes = ", ".join(str(tuple(tensor.shape)) for tensor in tensors)
        raise ModelError(
            f"{model.name} cannot be cut where tensors of shapes {shapes} cross: their sizes are not fixed"
        )
    sizes = [math.prod(tensor.shape[1:]) for tensor in tensors]
    flat = [keras.ops.reshape(tensor, (-1, size)) for tensor, size in zip(tensors, sizes, strict=True)]
    together = keras.Input((sum(sizes),))
    parts = [
        keras.ops.reshape(together[:, stop - size : stop], (-1, *tensor.shape[1:]))
        for tensor, size, stop in zip(tensors, sizes, itertools.accumulate(sizes), strict=True)
    ]
    lower = keras.Model(start, keras.ops.concatenate(flat, axis=-1))
    return lower, keras.Model(together, keras.Model(list(tensors), end)(parts))


def mean_pooled(features: keras.KerasTensor, **arguments: Any) -> keras.KerasTensor:
    """The mean of a feature map over its places, of tokens over all tokens; vectors stay as they are.

    Args:
        features: Shape (n, rows, columns, channels), (n, tokens, channels) or (n, channels).
        **arguments: Of the layer that is added, such as `name`.

    Returns:
        Shape (n, channels).
    """
    if len(features.shape) == 4:
        return keras.layers.GlobalAveragePooling2D(**arguments)(features)
    if len(features.shape) == 3:
        return keras.layers.GlobalAveragePooling1D(**arguments)(features)
    return features


def features(model: keras.Model) -> keras.Model:
    """The part of a classifier that gives the features it decides by: what goes into its last layer with weights.

    Layers that make probabilities of ordered classes from one score do not count.

    Args:
        model: One functional graph with one input and one output.

    Returns:
        A network with the same input and an output of shape (n, d); a feature map is averaged. Weights are shared.

    Raises:
        ModelError: There is no such layer, several tensors go into it, or the network has several outputs.

    Example:
        >>> from kerastl.models import build, features
        >>> features(build("kerastl_mini")).output_shape
        (None, 320)
    """
    graph = graph_of(model)
    nodes = calls(graph) if graph is not None else []
    weighted = (node for node in reversed(nodes) if getattr(node.operation, "weights", ()))
    deciding = next((node for node in weighted if not is_tail(node.operation)), None)
    if deciding is None or len(deciding.input_tensors) != 1 or len(model.outputs) != 1:
        raise ModelError(f"{model.name}: there is no last layer whose features could be compared")
    return keras.Model(model.inputs[0], mean_pooled(deciding.input_tensors[0]), name=model.name)


def logits(model: keras.Model) -> keras.Model:
    """The same network without the softmax or the sigmoid at its end; one with another end is left as it is.

    Args:
        model: A network with one output of shape (n, classes). It is not changed; weights are shared, except those of
            the last layer if the activation is inside it, which are copied.

    Returns:
        A network with the same input and output shape.

    Raises:
        ModelError: The network has several outputs, or one of another shape.

    Example:
        >>> from kerastl.models import build, logits
        >>> logits(build("mobilenet_v2", weights=None)).layers[-1].activation.__name__
        'linear'
    """
    if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        shapes = ", ".join(str(tuple(output.shape)) for output in model.outputs)
        raise ModelError(f"{model.name}: only networks with one output of shape (n, classes) have scores, not {shapes}")
    return keras.Model(model.inputs[0], _before(model.outputs[0], _PROBABILITIES), name=model.name)


def before_softmax(output: keras.KerasTensor) -> keras.KerasTensor:
    """What goes into the softmax that a tensor comes out of; the tensor itself where it comes out of something else.

    Where the softmax is inside a layer, its weights are copied into one without.
    """
    return _before(output, _PROBABILITIES[:1])


def _before(output: keras.KerasTensor, activations: Sequence[str]) -> keras.KerasTensor:
    """What goes into one of some activations, by their names, as `before_softmax` does for one."""
    call = call_behind(output)
    last = call.operation
    if type(last).__name__.lower() in activations:  # the layer or the operation
        return call.input_tensors[0]
    if getattr(getattr(last, "activation", None), "__name__", None) not in activations:
        return output
    if isinstance(last, keras.layers.Activation):
        return call.input_tensors[0]
    linear = type(last).from_config(last.get_config() | {"activation": "linear", "name": f"{last.name}_scores"})
    scores = linear(call.input_tensors[0])
    linear.set_weights(last.get_weights())
    return scores


def last_feature_map(model: keras.Model) -> keras.KerasTensor | None:
    """The last tensor of shape (n, rows, columns, channels), with more than one place, that everything goes through.

    If it is pooled or dropped out from another one, the other one. None where there is no such tensor.

    Args:
        model: One functional graph or Sequential model; layers that are networks themselves are not looked into.

    Example:
        >>> from kerastl.models import build, last_feature_map
        >>> last_feature_map(build("mobilenet_v2", weights=None)).shape
        (None, 7, 7, 1280)
    """
    # Sequential models keep their graph inside; built anew from tensors, every model shows it.
    graph = keras.Model(model.inputs, model.outputs)
    maps = [tensor for _, tensor in cuts(graph) if _is_feature_map(tensor)]
    if not maps:
        return None
    found = maps[-1]
    while isinstance(call_behind(found).operation, _PASSING):
        found = call_behind(found).input_tensors[0]
    return found


def _is_feature_map(tensor: keras.KerasTensor) -> bool:
    shape = tensor.shape
    return not call_behind(tensor).is_input and len(shape) == 4 and (shape[1], shape[2]) != (1, 1)


def activation_bytes(model: keras.Model) -> int:
    """Estimate the memory that one image takes while gradients go back through the whole network.

    Every activation is kept, and has a gradient of its own size. Sides that are not fixed count as 1.
    """
    shapes = [tensor.shape[1:] for node in calls(model) for tensor in node.outputs]
    return 2 * 4 * sum(math.prod(side or 1 for side in shape) for shape in shapes)
