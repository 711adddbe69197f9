"""Features of several layers: which tensors of a backbone a deep head reads, and how they become one vector an image.

Layers below the last know of texture, color and parts that the last has been trained to forget; a linear classifier
that may choose among all of them transfers better (Evci et al. 2022, "Head2Toe", https://arxiv.org/abs/2201.03529).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras
from keras import ops

from kerastl.models._graph import call_behind, calls, graph_of

# The layer that joins the features of a deep head; by its name such a head is known again in a saved model.
FEATURES = "head_features"

# How many tensors are taken where nobody says which: with fewer, large groups give one more from their middle.
_FEWEST, _MOST = 6, 9
# So many maps of one kind are worth one of them where those below are as wide; fewer only begin a stage.
_MANY = 3
# Channels of all of them together; mean and deviation make two features of each.
_CHANNELS = 5_200
# Added where a root or a division would have no finite gradient at zero. A root of numbers that large is off by less
# than 1 % from a hundred times this on.
_ROOT_EPSILON = 1e-4
_VARIANCE_EPSILON = 1e-6
_LENGTH_EPSILON = 1e-12


def find_taps(backbone: keras.Model, names: Sequence[str] = ()) -> tuple[keras.KerasTensor, ...]:
    """Choose the tensors of a backbone that a deep head reads.

    Without names, they are found in the graph: the last activated map of each size and number of channels, where it
    is wider than all maps below it, and the output. These are the wide maps before a stage ends, such as the
    expansions of inverted residual blocks and the outputs of residual blocks. There are 9 at most.

    Args:
        backbone: One flat functional graph, from pixels to a feature map `(n, h, w, c)`, tokens `(n, t, c)` or features
            `(n, c)`.
        names: Layers whose outputs are read, as `Backbone.taps` has them; where one of them is not there, or they have
            more than 5,200 channels, all are found in the graph.

    Returns:
        From the input up; the last is the output.

    Example:
        >>> from kerastl.models import build, find_taps
        >>> [tensor.shape[1:] for tensor in find_taps(build("kerastl_mini", include_top=False))][-2:]
        [(8, 8, 128), (4, 4, 320)]
    """
    layers = {operation.name: operation for operation in backbone.operations}
    output = backbone.outputs[0]
    found = [layers[name].output for name in names if name in layers]
    taps = (*(tensor for tensor in found if tensor is not output), output)
    if names and len(found) == len(names) and _channels(taps) <= _CHANNELS:
        return taps
    return (*_found(backbone), output)


def _found(backbone: keras.Model) -> list[keras.KerasTensor]:
    output = backbone.outputs[0]
    order = [tensor for call in calls(backbone) if not call.is_input for tensor in call.outputs]
    maps = [tensor for tensor in order if len(tensor.shape) in (3, 4) and _places(tensor) > 1]
    below = [tensor for tensor in maps if _kind(tensor) != _kind(output)]  # for the others stands the output
    room = _CHANNELS - output.shape[-1]
    choices = [_spread([tensor for tensor in below if ends(tensor)], output) for ends in (_is_activated, _is_sum)]
    chosen = next((choice for choice in choices if choice and _channels(choice) <= room), choices[0] or choices[1])
    while chosen and _channels(chosen) > room:
        chosen.remove(max(chosen, key=lambda tensor: tensor.shape[-1]))
    places = {id(tensor): place for place, tensor in enumerate(order)}
    return sorted(chosen, key=lambda tensor: places[id(tensor)])


def _spread(candidates: Iterable[keras.KerasTensor], output: keras.KerasTensor) -> list[keras.KerasTensor]:
    """The last tensor of each kind, of widths that grow; more or fewer where these are not about seven."""
    kinds: dict[tuple[int, int], list[keras.KerasTensor]] = {}
    for tensor in candidates:
        kinds.setdefault(_kind(tensor), []).append(tensor)
    groups: list[list[keras.KerasTensor]] = []
    for (_, width), group in kinds.items():
        widest = max((each[-1].shape[-1] for each in groups), default=0)
        if width > widest or (width == widest and len(group) >= _MANY):
            groups.append(group)
    while len(groups) > _MOST - 1:  # the one that is nearest in width to the next
        widths = [group[-1].shape[-1] for group in groups] + [output.shape[-1]]
        del groups[max(range(len(groups)), key=lambda n: min(widths[n : n + 2]) / max(widths[n : n + 2]))]
    chosen = [group[-1] for group in groups]
    large = sorted(groups, key=len, reverse=True)[: max(0, _FEWEST - 1 - len(chosen))]
    return chosen + [group[(len(group) - 1) // 2] for group in large if len(group) > 1]


def _channels(tensors: Sequence[keras.KerasTensor]) -> int:
    return sum(tensor.shape[-1] for tensor in tensors)


def _kind(tensor: keras.KerasTensor) -> tuple[int, int]:
    """Number of places, and of channels."""
    return _places(tensor), tensor.shape[-1]


def _places(tensor: keras.KerasTensor) -> int:
    return math.prod(side or 1 for side in tensor.shape[1:-1])


def _is_activated(tensor: keras.KerasTensor) -> bool:
    operation = tensor._keras_history.operation
    if (activation := getattr(operation, "activation", None)) is not None:
        return activation is not keras.activations.linear
    kind = type(operation).__name__  # of a layer or an operation
    return kind == "Concatenate" or kind in _ACTIVATIONS or kind.lower() in _ACTIVATIONS


_ACTIVATIONS = frozenset(("ReLU", "LeakyReLU", "PReLU", "ELU")) | frozenset(
    name.replace("_", "") for name in dir(keras.activations) if not name.startswith("_") and "softmax" not in name
)


def _is_sum(tensor: keras.KerasTensor) -> bool:
    """Whether a residual block ends here."""
    return type(tensor._keras_history.operation).__name__ == "Add"


def deep_features(taps: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
    """Make one vector an image of several tensors.

    Of each tensor, the mean over its places and the standard deviation are scaled to length 1, and of each number
    the root is taken, with its sign: `x / sqrt(|x| + 1e-4)`, which has a finite gradient at zero. Roots of pooled
    activations are what Perronnin et al. 2010 (https://doi.org/10.1007/978-3-642-15561-1_11) call power normalization.

    Args:
        taps: Feature maps `(n, h, w, c)`, tokens `(n, t, c)` or features `(n, c)`, which have no deviation.

    Returns:
        float32 `(n, d)`, each number in `(-1, 1)`; for each tap in turn its means, then its deviations.

    Example:
        >>> import keras
        >>> from kerastl.models import deep_features
        >>> deep_features([keras.Input((8, 8, 5)), keras.Input((4, 4, 7))]).shape
        (None, 24)
    """
    parts = [_signed_root(unit_length(part), _ROOT_EPSILON) for tap in taps for part in _moments(tap)]
    if len(parts) == 1:
        return keras.layers.Identity(name=FEATURES, dtype="float32")(parts[0])
    return keras.layers.Concatenate(name=FEATURES, dtype="float32")(parts)


def _moments(tap: keras.KerasTensor) -> list[keras.KerasTensor]:
    """Mean and standard deviation over the places of a tensor, each of shape (n, channels), in float32."""
    if keras.backend.standardize_dtype(tap.dtype) != "float32":
        tap = ops.cast(tap, "float32")
    axes = tuple(range(1, len(tap.shape) - 1))
    if not axes:
        return [tap]
    mean = ops.mean(tap, axis=axes, keepdims=True)
    means = ops.reshape(mean, (-1, tap.shape[-1]))
    if _places(tap) == 1:
        return [means]
    # Differences first: the mean square less the square of the mean would be noise where a map hardly varies.
    variance = ops.mean(ops.square(tap - mean), axis=axes)
    return [means, _signed_root(variance, _VARIANCE_EPSILON)]


def unit_length(values: keras.KerasTensor) -> keras.KerasTensor:
    """Scale vectors to length 1; one of zeros stays as it is."""
    # keras.ops.normalize has no finite gradient where all values are zero; and what LiteRT makes of this form has a
    # least length, too, where it would leave an epsilon out that is added.
    square = ops.sum(ops.square(values), axis=-1, keepdims=True)
    return values * ops.rsqrt(ops.maximum(square, _LENGTH_EPSILON))


def _signed_root(values: keras.KerasTensor, epsilon: float) -> keras.KerasTensor:
    return values * ops.rsqrt(ops.absolute(values) + epsilon)


def taps_of(model: keras.Model) -> tuple[keras.KerasTensor, ...]:
    """The tensors that the deep head of a model reads, from the input up; empty where it has no such head.

    Args:
        model: One flat functional graph, as fine-tuning makes it, also one that was saved and loaded, or copied.
    """
    joined = joined_features(model)
    return () if joined is None else taps_below(joined)


def last_tap_width(model: keras.Model) -> int:
    """How many of the features that the deep head of a model reads, at their end, are of its last tap.

    Args:
        model: See `taps_of`.

    Returns:
        0 where the head is not deep, or has one tap only.
    """
    joined = joined_features(model)
    if joined is None:
        return 0
    width, parts = 0, list(call_behind(joined).input_tensors)
    while parts:
        part = parts.pop()
        width += part.shape[-1]
        if _tap_below(part) is not None:  # the means of a tap, which its deviations follow
            break
    return width if parts else 0


def taps_below(features: keras.KerasTensor) -> tuple[keras.KerasTensor, ...]:
    """The tensors that the features of a deep head are made of, from the input up."""
    found = [_tap_below(part) for part in call_behind(features).input_tensors]
    return tuple(tap for tap in found if tap is not None)


def joined_features(model: keras.Model) -> keras.KerasTensor | None:
    """The vectors, of shape (n, d), that the deep head of a model reads; None where it has no such head."""
    graph = graph_of(model)
    reversed_calls = reversed(calls(graph)) if graph is not None else ()
    return next((call.outputs[0] for call in reversed_calls if is_deep(call.operation)), None)


def is_deep(operation: Any) -> bool:
    """Whether an operation is the layer that joins the features of a deep head."""
    joins = isinstance(operation, (keras.layers.Concatenate, keras.layers.Identity))
    return joins and operation.name.startswith(FEATURES)


def _tap_below(part: keras.KerasTensor) -> keras.KerasTensor | None:
    """The tap that a part of the features is made of, as `deep_features` does; None for deviations."""
    moment = _below(_below(part))  # the root, and the scaling to length 1
    below = _kinds_below(moment)
    if below[:3] == ["Multiply", "Mean", "Square"]:
        return None
    tap = _below(_below(moment)) if below[:2] == ["Reshape", "Mean"] else moment
    return _below(tap) if _kinds_below(tap)[:1] == ["Cast"] else tap


def _below(tensor: keras.KerasTensor) -> keras.KerasTensor:
    """The first of the tensors that another is computed from."""
    return call_behind(tensor).input_tensors[0]


def _kinds_below(tensor: keras.KerasTensor) -> list[str]:
    """The classes of the operations behind a tensor, downward, three at most."""
    kinds: list[str] = []
    while len(kinds) < 3 and not call_behind(tensor).is_input:
        kinds.append(type(call_behind(tensor).operation).__name__)
        tensor = _below(tensor)
    return kinds
