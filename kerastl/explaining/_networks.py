"""Take a trained network apart: its scores before the softmax, and its last feature map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerastl.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import keras


def scoring(model: keras.Model) -> keras.Model:
    """The same network without the softmax at its end.

    The probability of a class hardly changes while another one wins, so maps are made of the scores that the softmax
    gets. A network that ends in something else is left as it is.

    Args:
        model: A network with one output of shape (n, classes). It is not changed; weights are shared, except those of
            the last layer if the softmax is inside it, which are copied.

    Returns:
        A network with the same input and output shape.

    Raises:
        ModelError: The network has several outputs, or one of another shape.
    """
    import keras

    if len(model.outputs) != 1 or len(model.outputs[0].shape) != 2:
        shapes = ", ".join(str(tuple(output.shape)) for output in model.outputs)
        raise ModelError(
            f"{model.name}: only networks with one output of shape (n, classes) are explained, not {shapes}"
        )
    return keras.Model(model.inputs[0], _before_softmax(model.outputs[0]), name=model.name)


def _before_softmax(output: keras.KerasTensor) -> keras.KerasTensor:
    import keras

    last = output._keras_history.operation
    if isinstance(last, keras.layers.Softmax) or type(last).__name__ == "Softmax":
        return last.input
    if getattr(last, "activation", None) is not keras.activations.softmax:
        return output
    if isinstance(last, keras.layers.Activation):
        return last.input
    linear = type(last).from_config(last.get_config() | {"activation": "linear", "name": f"{last.name}_scores"})
    scores = linear(last.input)
    linear.set_weights(last.get_weights())
    return scores


def halves(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Cut a network at its last feature map.

    That is the last tensor of shape (n, rows, columns, channels) with more than one place, through which everything
    goes that the output depends on; if it is pooled or dropped out from another one, the other one.

    Args:
        model: One functional graph; layers that are networks themselves are not looked into.

    Returns:
        The network from the input to the feature map, and the one from there to the output.

    Raises:
        ModelError: There is no such tensor.
    """
    import keras

    maps = [tensor for tensor in _bottlenecks(model) if _is_feature_map(tensor)]
    if not maps:
        raise ModelError(
            f"{model.name} has no feature map that everything goes through, which gradcam needs; "
            "try the method integrated-gradients or occlusion"
        )
    passing = (
        keras.layers.MaxPooling2D,
        keras.layers.AveragePooling2D,
        keras.layers.Dropout,
        keras.layers.SpatialDropout2D,
    )
    features = maps[-1]
    while isinstance(features._keras_history.operation, passing):
        features = features._keras_history.operation.input
    lower = keras.Model(model.inputs[0], features, name=f"{model.name}_features")
    return lower, keras.Model(features, model.outputs[0], name=f"{model.name}_head")


def _is_feature_map(tensor: keras.KerasTensor) -> bool:
    import keras

    shape = tensor.shape
    if isinstance(tensor._keras_history.operation, keras.layers.InputLayer):
        return False
    return len(shape) == 4 and (shape[1], shape[2]) != (1, 1)


def _bottlenecks(model: keras.Model) -> Iterator[keras.KerasTensor]:
    """The tensors that are alone in being used further on, from the input up."""
    import keras

    # Sequential models keep their graph inside; built anew from tensors, every model shows it.
    operations = list(keras.Model(model.inputs, model.outputs).operations)
    last_use: dict[int, int] = {id(tensor): len(operations) for tensor in model.outputs}
    for index, operation in enumerate(operations):
        if not isinstance(operation, keras.layers.InputLayer):
            for tensor in keras.tree.flatten(operation.input):
                last_use[id(tensor)] = max(index, last_use.get(id(tensor), 0))
    waiting: dict[int, Any] = {}
    for index, operation in enumerate(operations):
        waiting |= {id(tensor): tensor for tensor in keras.tree.flatten(operation.output)}
        waiting = {key: tensor for key, tensor in waiting.items() if last_use.get(key, -1) > index}
        if len(waiting) == 1:
            yield from waiting.values()


def bytes_per_image(model: keras.Model) -> int:
    """Estimate the memory that one image takes while gradients go back through the whole network.

    Every activation is kept, and has a gradient of its own size. Sides that are not fixed count as 1.
    """
    import math

    import keras

    shapes = [tensor.shape[1:] for operation in model.operations for tensor in keras.tree.flatten(operation.output)]
    return 2 * 4 * sum(math.prod(side or 1 for side in shape) for shape in shapes)
