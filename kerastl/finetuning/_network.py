"""A network in two halves: what is frozen below the boundary, and what trains above it.

Training only ever runs the upper half. What it is fed, the activations at the boundary, comes from a cache or is
computed on the way; the numbers are the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import keras

from kerastl.errors import RecipeError
from kerastl.finetuning._recipe import HEAD
from kerastl.models._model_graph import inputs_of

# Layers that can sit below the boundary: no weights, the same in training, and never larger than what they get.
_HARMLESS = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.MaxPooling2D,
    keras.layers.Flatten,
    keras.layers.Reshape,
)


@dataclass(frozen=True)
class Network:
    """A classifier and the names of its parts.

    Args:
        model: One flat functional graph: pixels `(n, h, w, 3)`, raw RGB in [0, 255], to probabilities
            `(n, classes)`.
        stages: Stage name to its layers, from the head down. The first is `"head"`.
    """

    model: keras.Model
    stages: Mapping[str, Sequence[keras.layers.Layer]]

    def stage_of(self) -> dict[str, int]:
        """Map each layer's name to the number of its stage: 0 for the head, 1 for the top of the backbone."""
        return {layer.name: n for n, layers in enumerate(self.stages.values()) for layer in layers}


def attach_head(
    backbone: keras.Model,
    stages: Mapping[str, Sequence[keras.layers.Layer]],
    classes: int,
    *,
    dropout: float = 0.0,
    seed: int = 0,
) -> Network:
    """Put global average pooling, dropout and a softmax classifier on a backbone without a top.

    Args:
        backbone: Raw pixels to a feature map `(n, h, w, c)`, or to features `(n, c)`.
        stages: Its stages from the top down.
        classes: Number of classes, at least 2.
        dropout: Fraction of the features dropped in training.
        seed: For the classifier's first weights (Glorot uniform) and the dropout.
    """
    features = backbone.output
    head: list[keras.layers.Layer] = []
    if len(features.shape) == 4:
        head.append(keras.layers.GlobalAveragePooling2D(name="head_pool"))
    if dropout:
        head.append(keras.layers.Dropout(dropout, seed=seed, name="head_dropout"))
    glorot = keras.initializers.GlorotUniform(seed=seed)
    head.append(
        keras.layers.Dense(
            classes, activation="softmax", kernel_initializer=glorot, dtype="float32", name="head_classifier"
        )
    )
    for layer in head:
        features = layer(features)
    model = keras.Model(backbone.inputs[0], features, name=f"{backbone.name}_classifier")
    return Network(model, {HEAD: head, **{name: list(layers) for name, layers in stages.items()}})


def boundary(network: Network, trained: Sequence[str]) -> list[keras.KerasTensor]:
    """Return the tensors that go from frozen layers into the stages named in `trained`.

    Pooling and activations at the bottom of the trained stretch count as frozen: they would give the same again
    and again.

    Raises:
        RecipeError: None of the named stages has a weight that could train.
    """
    wanted = {id(layer) for name in trained for layer in network.stages[name]}
    upper: set[int] = set()
    crossing: list[keras.KerasTensor] = []
    for operation in network.model.operations:  # from the input up; not all of them are layers
        if isinstance(operation, keras.layers.InputLayer):
            continue
        inputs = inputs_of(operation)
        above = any(id(_producer(tensor)) in upper for tensor in inputs)
        if not above and (id(operation) not in wanted or isinstance(operation, _HARMLESS)):
            continue
        upper.add(id(operation))
        crossing += [
            tensor
            for tensor in inputs
            if id(_producer(tensor)) not in upper and not any(tensor is known for known in crossing)
        ]
    if not crossing:
        raise RecipeError(f"nothing trains: there are no layers with weights in {', '.join(trained)}")
    return crossing


def _producer(tensor: keras.KerasTensor) -> keras.layers.Layer:
    return tensor._keras_history.operation


def halves(network: Network, trained: Sequence[str]) -> tuple[keras.Model | None, keras.Model]:
    """Split the network below the stages named in `trained`.

    Returns:
        The frozen half, from pixels to one tensor of activations, or None when the pixels themselves are the
        boundary; and the half that trains, from there to probabilities. Both share layers and weights with
        `network.model`, so what is trained is trained in place. Where several tensors cross the boundary, they
        travel flattened, side by side.
    """
    crossing = boundary(network, trained)
    pixels, probabilities = network.model.inputs[0], network.model.outputs[0]
    below = keras.Model(pixels, crossing)
    if not below.weights:  # nothing but the scaling of pixels
        return None, keras.Model(pixels, probabilities)
    if len(crossing) == 1:
        return keras.Model(pixels, crossing[0]), keras.Model(crossing[0], probabilities)
    sizes = [math.prod(tensor.shape[1:]) for tensor in crossing]
    flat = [keras.ops.reshape(t, (-1, size)) for t, size in zip(crossing, sizes, strict=True)]
    lower = keras.Model(pixels, keras.ops.concatenate(flat, axis=-1))
    together = keras.Input((sum(sizes),))
    ends = list(itertools.accumulate(sizes))
    parts = [
        keras.ops.reshape(together[:, end - size : end], (-1, *tensor.shape[1:]))
        for tensor, size, end in zip(crossing, sizes, ends, strict=True)
    ]
    return lower, keras.Model(together, keras.Model(crossing, probabilities)(parts))
