"""A network that computes the same as another, faster where it trains on a CPU, with the same layers and variables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import keras

from kerastl.models._graph import calls, graph_of, run_through

Step = Callable[..., Any]
"""Takes what an operation takes, and whether the network trains."""

_CONVOLUTIONS = (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)
_DTYPES = ("float32", "bfloat16")


def faster(model: keras.Model) -> keras.Model:
    """Return a network to train in place of another.

    Convolutions and batch normalization are computed as `kerastl.training._fast_layers` says; everything else is as
    it was. The layers, their variables and all that they are set to are those of the model.

    Args:
        model: A functional graph; nested ones are looked into.

    Returns:
        A network with the same inputs, outputs and variables; the model itself where nothing can be gained: on
        another backend than TensorFlow, on accelerators, and where it has no such layers.

    Example:
        >>> import keras
        >>> from kerastl.training import faster
        >>> image = keras.Input((8, 8, 3))
        >>> x = keras.layers.Conv2D(4, 3, use_bias=False)(image)
        >>> model = keras.Model(image, keras.layers.BatchNormalization()(x))
        >>> fast = faster(model)
        >>> fast.output_shape, fast.layers == model.layers
        ((None, 6, 6, 4), True)
    """
    graph = graph_of(model)
    if graph is None or not _on_cpu():
        return model
    steps = plan(graph)
    ends = [tensors[0] if len(tensors) == 1 else tensors for tensors in (graph.inputs, graph.outputs)]
    return FastNetwork(ends[0], ends[1], steps, model.name) if steps else model


class FastNetwork(keras.Model):
    """A functional graph some of whose operations are computed by steps of our own.

    Args:
        inputs: Of the graph.
        outputs: Of the graph.
        steps: See `plan`.
        name: Of the network.
    """

    def __init__(self, inputs: Any, outputs: Any, steps: dict[int, Step], name: str | None = None) -> None:
        super().__init__(inputs, outputs, name=name)
        self.dtype_policy = "float32"  # of variables that steps read; each casts to the dtype of its layer
        self._steps = lambda: steps  # Keras would track a dictionary

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Compute the outputs (called by Keras)."""
        outputs = _run(self, self._steps(), self._standardize_inputs(inputs), training)
        return self._broken_if_unbounded(outputs) if training else outputs

    def _broken_if_unbounded(self, outputs: Any) -> Any:
        """Let outputs be NaN, as those of Keras are, where a variance is infinite and is taken for a number."""
        norms = [layer for layer in self._flatten_layers() if _normalizes(layer) and layer.trainable]
        if not norms:
            return outputs
        total = keras.ops.sum(keras.ops.concatenate([keras.ops.convert_to_tensor(n.moving_variance) for n in norms]))
        change = keras.ops.where(keras.ops.isfinite(total), 0.0, float("nan"))
        return keras.tree.map_structure(lambda tensor: tensor + keras.ops.cast(change, tensor.dtype), outputs)


def plan(graph: keras.Model) -> dict[int, Step]:
    """What to compute in place of which operations of a graph, by their `id`.

    A convolution whose outputs only a normalization takes is computed with it: in its own place stands a step that
    hands its inputs on.
    """
    from kerastl.training import _fast_layers as fast  # imports TensorFlow

    nodes = [node for node in calls(graph) if not node.is_input]
    times = Counter(id(node.operation) for node in nodes)
    uses = Counter(id(tensor) for node in nodes for tensor in node.input_tensors)
    uses.update(id(tensor) for tensor in graph.outputs)
    behind: dict[int, Any] = {id(tensor): node.operation for node in nodes for tensor in node.outputs}
    odd = {id(node.operation) for node in nodes if not _takes_one(node)}
    steps: dict[int, Step] = {}
    for node in nodes:
        layer = node.operation
        if id(layer) in odd:
            continue
        if (inner := graph_of(layer)) is not None:
            if found := plan(inner):
                steps[id(layer)] = partial(_nested, inner, found)
        elif _convolves(layer):
            steps[id(layer)] = partial(fast.convolution, layer)
        elif _normalizes(layer):
            (tensor,) = node.input_tensors
            before: Any = behind.get(id(tensor))
            alone = uses[id(tensor)] == 1 and times[id(before)] == times[id(layer)] == 1 and id(before) not in odd
            if alone and _convolves(before) and _linear(before) and before.compute_dtype == layer.compute_dtype:
                steps[id(before)] = _hand_on
                steps[id(layer)] = partial(fast.normalized_convolution, before, layer)
            else:
                steps[id(layer)] = partial(fast.normalization, layer)
    return steps


def _takes_one(node: Any) -> bool:
    """Whether an operation is called with its inputs and nothing else, such as a mask."""
    others = [value for name, value in node.arguments.kwargs.items() if name != "training"]
    return len(node.arguments.args) == 1 and all(value is None for value in others)


def _on_cpu() -> bool:
    if keras.backend.backend() != "tensorflow":
        return False
    import tensorflow as tf

    return all(device.device_type == "CPU" for device in tf.config.get_visible_devices())


def _replaceable(layer: Any) -> bool:
    return (
        layer.compute_dtype in _DTYPES
        and layer.variable_dtype == "float32"
        and layer.quantization_mode is None
        and layer.activity_regularizer is None
    )


def _convolves(layer: Any) -> bool:
    """Whether it is a convolution that we compute; a class of its own may compute something else."""
    return (
        type(layer) in _CONVOLUTIONS
        and _replaceable(layer)
        and layer.data_format == "channels_last"
        and getattr(layer, "groups", 1) == 1
        and not getattr(layer, "lora_enabled", False)
    )


def _linear(layer: Any) -> bool:
    return layer.activation in (None, keras.activations.linear)


def _normalizes(layer: Any) -> bool:
    return (
        type(layer) is keras.layers.BatchNormalization
        and _replaceable(layer)
        and layer.axis in (-1, 3)
        and len(layer.input_spec.axes) == 1
        and layer.input_spec.ndim == 4
        and not layer.renorm
        and not layer.synchronized
    )


def _nested(graph: keras.Model, steps: dict[int, Step], inputs: Any, *, training: bool | None) -> Any:
    return _run(graph, steps, keras.tree.flatten(inputs), training)


def _hand_on(inputs: Any, *, training: bool | None) -> Any:
    return inputs


def _run(graph: keras.Model, steps: dict[int, Step], inputs: list[Any], training: bool | None) -> Any:
    """Run a graph with steps in place of some of its operations."""

    def call(operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        if training is not None and "training" in kwargs:
            kwargs["training"] = training  # as in Keras's own functional models
        if (step := steps.get(id(operation))) is None:
            return operation(*args, **kwargs)
        return step(*args, training=kwargs.get("training", training))

    outputs = run_through(graph, inputs, call)
    return outputs[0] if isinstance(outputs, list) and len(outputs) == 1 else outputs
