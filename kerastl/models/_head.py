"""Where a classifier's features end and its head begins; and how features become one vector an image."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from typing import Any

import keras

from kerastl._base.text import printable
from kerastl.errors import UsageError
from kerastl.models._adapt_options import Pooling, check_pooling
from kerastl.models._deep_features import is_deep, taps_below
from kerastl.models._graph import call_behind, inputs_of
from kerastl.models._ordinal_tail import below_tail, is_tail

_PROBABILITIES = ("softmax", "sigmoid")
# What may stand between features and classifier, or behind it, and changes no number when the model answers.
_PASSING = ("Dropout", "Flatten", "Reshape", "Identity", "Cast", "Squeeze", "SpatialDropout2D", "AlphaDropout")
# What may stand behind a classifier besides, and keeps scores in proportion.
_LINEAR = ("GlobalAveragePooling2D", "Rescaling")
_AXES = {3: "tokens", 4: "a feature map"}
# How KerasHub's classifiers call what they do.
_HUB_POOLINGS: dict[str, Pooling] = {"avg": "mean", "gap": "mean", "max": "max", "token": "token"}


def cut_head(output: keras.KerasTensor) -> tuple[keras.KerasTensor, str | None]:
    """Find the features that a classifier decides by.

    The head is a last `Dense` layer, or a convolution of one pixel, that gives probabilities or plain scores, with
    what stands behind it. A `Dense` layer with another activation counts as features.

    Args:
        output: Of a flat graph.

    Returns:
        What goes into the head, without dropout and the mean over a feature map, and the head in a few words; `output`
        itself and None if there is no head.
    """
    head = head_of(output)
    if not head:
        return output, None
    layer = call_behind(below_tail(output)).operation if is_tail(head[0]) else head[0]
    kind = "probabilities" if any(activation_of(each) in _PROBABILITIES for each in head) else "scores"
    features = _below_the_head(inputs_of(layer)[0])
    classes = f"{output.shape[-1]:,} class{'es' * (output.shape[-1] != 1)}"
    return features, f"its head of {classes} ({printable(layer.name)!r}, {kind})"


def head_of(output: keras.KerasTensor) -> list[Any]:
    """The layers and operations that are a classifier's head, from the one that scores the classes up to the output.

    Args:
        output: Of a flat graph.

    Returns:
        The first is a `Dense` layer or a convolution of one pixel; an empty list if there is no head.
    """
    found: list[Any] = []
    tensor = output
    while len(output.shape) == 2:
        operation = tensor._keras_history.operation
        found.insert(0, operation)
        if activation_of(operation) not in (None, "linear", *_PROBABILITIES):
            return []
        if _is_classifier(operation):
            return found
        if activation_of(operation) is None and type(operation).__name__ not in (*_PASSING, *_LINEAR):
            return []
        tensor = inputs_of(operation)[0]
    return []


def _is_classifier(operation: Any) -> bool:
    if isinstance(operation, keras.layers.Dense):
        return True
    return isinstance(operation, keras.layers.Conv2D) and tuple(operation.kernel_size) == (1, 1)


def activation_of(operation: Any) -> str | None:
    """The name of the activation that a layer or an operation is, or that is inside a classifier; None if none is."""
    if isinstance(operation, keras.layers.Activation) or _is_classifier(operation):
        return getattr(operation.activation, "__name__", type(operation.activation).__name__)
    kind = type(operation).__name__.lower()
    return kind if kind in _PROBABILITIES else None


def _below_the_head(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """Leave out what a new head has of its own: dropout, and the mean over a feature map or what a deep head reads."""
    while isinstance(tensor._keras_history.operation, keras.layers.Dropout):
        tensor = inputs_of(tensor._keras_history.operation)[0]
    pool = tensor._keras_history.operation
    if is_deep(pool):
        return taps_below(tensor)[-1]
    averaged = isinstance(pool, keras.layers.GlobalAveragePooling2D) and not pool.keepdims
    return inputs_of(pool)[0] if averaged else tensor


def pooled(features: keras.KerasTensor, pooling: Pooling | None) -> tuple[keras.KerasTensor, str | None]:
    """Make one vector an image of what a network gives.

    Args:
        features: Shape (n, rows, columns, channels), (n, tokens, channels) or (n, channels).
        pooling: `mean` or `max` over places or tokens, `token` for the first token, `flatten` for all side by side.
            None takes `mean` of a feature map, which `attach_head` puts on it.

    Returns:
        The vectors, or the feature map for `mean`; and what was done, in a few words.

    Raises:
        UsageError: `pooling` does not fit the features, or is needed.
    """
    check_pooling(pooling)
    axes, shape = len(features.shape), " x ".join(str(side) for side in features.shape[1:])
    if axes == 2:
        if pooling is not None:
            raise UsageError(f"the network gives {shape} features an image, already pooled: leave pooling out")
        return features, None
    if axes not in _AXES:
        raise UsageError(f"the network gives arrays of {axes} axes; features have two, three (tokens) or four (maps)")
    if pooling is None and axes == 3:
        raise UsageError(
            f"the network gives {shape} numbers, tokens by channels: say how they become one vector, pooling='mean', "
            "'max', 'token' (the first, which is the class token where there is one) or 'flatten'"
        )
    if axes == 4 and pooling in (None, "mean"):
        return features, f"pooling: mean over {shape}"
    if axes == 4 and pooling == "token":
        raise UsageError(f"the network gives a feature map of {shape}, which has no tokens: pooling 'mean' or 'max'")
    return _POOLS[str(pooling)](features), f"pooling: {pooling} of {_AXES[axes]} of {shape}"


def _max(features: keras.KerasTensor) -> keras.KerasTensor:
    if len(features.shape) == 3:
        return keras.layers.GlobalMaxPooling1D(name="feature_pool")(features)
    return keras.layers.GlobalMaxPooling2D(name="feature_pool")(features)


_POOLS: dict[str, Callable[[keras.KerasTensor], keras.KerasTensor]] = {
    "mean": lambda features: keras.layers.GlobalAveragePooling1D(name="feature_pool")(features),
    "max": _max,
    "token": lambda features: features[:, 0],
    "flatten": lambda features: keras.layers.Flatten(name="feature_pool")(features),
}


def hub_pooling(model: keras.Model) -> Pooling | None:
    """How KerasHub's own image classifier pools what a backbone gives; None where there is none for this backbone."""
    hub = sys.modules.get("keras_hub")
    if hub is None or not isinstance(model, hub.models.Backbone):
        return None
    for task in _subclasses(hub.models.ImageClassifier):
        if task.backbone_cls is type(model):
            default = inspect.signature(task.__init__).parameters.get("pooling")
            found = _HUB_POOLINGS.get(default.default) if default is not None else None
            return None if found == "token" and not getattr(model, "use_class_token", True) else found
    return None


def _subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    for each in kind.__subclasses__():
        yield each
        yield from _subclasses(each)
