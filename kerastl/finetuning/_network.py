"""A network in two parts: what is frozen below the boundary, and what trains above it.

Training only ever runs the upper part. What it is fed, the activations at the boundary, comes from a cache or is
computed on the way; the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from numpy.typing import NDArray

from kerastl.errors import RecipeError
from kerastl.finetuning._head_layers import UNITS, Outputs, head_layers
from kerastl.finetuning._phase import HEAD
from kerastl.models._deep_features import deep_features
from kerastl.models._graph import call_behind, crossing, mean_pooled, split_graph
from kerastl.models._ordinal_tail import is_tail
from kerastl.tasks._task import CLASSIFICATION, TASKS, Task

# Layers that can sit below the boundary: no weights, the same in training, and never larger than what they get.
_HARMLESS = (
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.GlobalAveragePooling1D,
    keras.layers.GlobalAveragePooling2D,
    keras.layers.GlobalMaxPooling1D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.MaxPooling2D,
    keras.layers.Flatten,
    keras.layers.Reshape,
    keras.layers.Concatenate,
    keras.layers.Identity,
)


@dataclass(frozen=True)
class Network:
    """A classifier and the names of its parts.

    Args:
        model: One flat functional graph: pixels `(n, h, w, 3)`, raw RGB in [0, 255], to probabilities
            `(n, classes)`.
        stages: Stage name to its layers, from the head down. The first is `"head"`.
        task: What it tells of an image.

    Example:
        >>> from kerastl.finetuning import attach_head
        >>> from kerastl.models import BACKBONES, build, stages
        >>> backbone = build("kerastl_mini", include_top=False)
        >>> below = stages(backbone, BACKBONES["kerastl_mini"])
        >>> head = below.pop("head")
        >>> network = attach_head(backbone, below, classes=3)
        >>> list(network.stages), network.model.output_shape
        (['head', 'stage3', 'stage2', 'stage1', 'stem'], (None, 3))
    """

    model: keras.Model
    stages: Mapping[str, Sequence[keras.layers.Layer]]
    task: Task = TASKS[CLASSIFICATION]

    @property
    def classifier(self) -> keras.layers.Dense:
        """The layer of the head that is solved or trained: the last with weights, but for what makes probabilities."""
        own = [layer for layer in self.stages[HEAD] if layer.weights and not is_tail(layer)]
        return own[-1]

    @property
    def last_layer(self) -> keras.layers.Layer:
        """The last layer with weights: the classifier, or what makes probabilities of ordered classes of its score."""
        return [layer for layer in self.stages[HEAD] if layer.weights][-1]

    @property
    def scale(self) -> tuple[float, float]:
        """What is added to standardized numbers, and what they are multiplied by before; 0 and 1 of other tasks."""
        last = self.model.layers[-1]
        return (float(last.offset), float(last.scale)) if last.name == UNITS else (0.0, 1.0)

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
    taps: Sequence[keras.KerasTensor] = (),
    task: Task = TASKS[CLASSIFICATION],
    labels: NDArray[Any] | None = None,
) -> Network:
    """Put pooling, dropout and a classifier on a backbone without a top.

    Args:
        backbone: Raw pixels to a feature map `(n, h, w, c)`, tokens `(n, t, c)` or features `(n, c)`.
        stages: Its stages from the top down.
        classes: Number of classes, or of what else the task names.
        dropout: Fraction of the features dropped in training.
        seed: For the classifier's first weights (Glorot uniform) and the dropout.
        taps: Tensors of the backbone that the head reads, see `kerastl.models.deep_features`; without any it reads the
            mean of the backbone's output over its places.
        task: What the network is to tell of an image.
        labels: Of the training images, as the task keeps them: on what scale numbers lie, and how frequent classes of
            an order are. Other tasks do not look at them.

    Example:
        >>> import keras
        >>> from kerastl.finetuning import attach_head
        >>> pixels = keras.Input((32, 32, 3))
        >>> convolution = keras.layers.Conv2D(8, 3)
        >>> backbone = keras.Model(pixels, convolution(pixels))
        >>> network = attach_head(backbone, {"stem": [convolution]}, classes=3)
        >>> list(network.stages), network.model.output_shape
        (['head', 'stem'], (None, 3))
    """
    features = deep_features(taps) if taps else mean_pooled(backbone.output, name="head_pool")
    head = [] if features is backbone.output else [call_behind(features).operation]
    if dropout:
        head.append(keras.layers.Dropout(dropout, seed=seed, name="head_dropout"))
        features = head[-1](features)
    layers, output = head_layers(features, Outputs(task, classes, labels), seed)
    head += layers
    model = keras.Model(backbone.inputs[0], output, name=f"{backbone.name}_classifier")
    return Network(model, {HEAD: head, **{name: list(layers) for name, layers in stages.items()}}, task)


def boundary(network: Network, trained: Sequence[str]) -> list[keras.KerasTensor]:
    """Return the tensors that go from frozen layers into the stages named in `trained`.

    Pooling and activations at the bottom of the trained stretch count as frozen: they would give the same again
    and again.

    Raises:
        RecipeError: None of the named stages has a weight that could train.
    """
    wanted = {id(layer) for name in trained for layer in network.stages[name]}
    tensors = crossing(
        network.model, lambda operation: id(operation) in wanted and not isinstance(operation, _HARMLESS)
    )
    if not tensors:
        raise RecipeError(f"nothing trains: there are no layers with weights in {', '.join(trained)}")
    return tensors


def split_network(network: Network, trained: Sequence[str]) -> tuple[keras.Model | None, keras.Model]:
    """Cut the network below the stages named in `trained`.

    Returns:
        The frozen part, from pixels to one tensor of activations, or None when the pixels themselves are the
        boundary; and the part that trains, from there to probabilities. Both share layers and weights with
        `network.model`, so what is trained is trained in place.

    Example:
        >>> import keras
        >>> from kerastl.finetuning import attach_head, split_network
        >>> pixels = keras.Input((32, 32, 3))
        >>> convolution = keras.layers.Conv2D(8, 3)
        >>> network = attach_head(keras.Model(pixels, convolution(pixels)), {"stem": [convolution]}, classes=3)
        >>> frozen, trained = split_network(network, ["head"])
        >>> frozen.output_shape, trained.output_shape
        ((None, 8), (None, 3))
    """
    lower, upper = split_graph(network.model, boundary(network, trained))
    if not lower.weights:  # nothing but the scaling of pixels
        return None, keras.Model(network.model.inputs[0], network.model.outputs[0])
    return lower, upper
