"""How raw pixels become what a Keras model was trained on: found in the model, or told by who gives it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import keras
import numpy as np

from kerastl._base.text import listed
from kerastl.errors import UsageError
from kerastl.models._adapt_options import SCALINGS, InputScaling, check_input_scaling
from kerastl.models._backbone import Backbone
from kerastl.models._flatten import AUGMENTATIONS
from kerastl.models._graph import graph_of, layers_of, run_through
from kerastl.models._registry import BACKBONES

# Layers and operations that only move numbers about, and those that scale them.
_MOVING = frozenset(
    ("Resizing", "CenterCrop", "GetItem", "Stack", "Concatenate", "Flip", "Cast", "Identity", "RGBToGrayscale",
     "Transpose", "Permute", "ExpandDims", "Squeeze")
)  # fmt: skip
_SCALING = ("Rescaling", "Normalization", "Add", "Subtract", "Multiply", "Divide", "TrueDivide", "Negative")
# No network is trained on numbers that lie further apart than those of the pixels themselves.
_WIDEST = 260.0
# So many names of layers tell an architecture; fewer may be alike by chance.
_TELLING = 4
# Stands for tensors above the first layer that computes.
_BEYOND = object()


@dataclass(frozen=True)
class Found:
    """An input scaling, and how it was found.

    Args:
        scaling: To be put before the network.
        why: In a few words, for people.
    """

    scaling: InputScaling
    why: str


def find(model: keras.Model, graph: keras.Model | None, row: Backbone | None) -> Found:
    """Find how a model wants its pixels scaled.

    Args:
        model: As it was given.
        graph: Of the model, where it has one.
        row: Of the catalog, where the model's layers are those of one of its networks.

    Raises:
        UsageError: It cannot be known.
    """
    if (converted := _converter(model)) is not None:
        return Found(converted, "as its KerasHub preprocessor does")
    reached = _reached(graph) if graph is not None else _Reached()
    if reached.scaling:
        width = max(
            (float(np.ptp(array.reshape(-1, array.shape[-1]), axis=0).max()) for array in reached.arrays), default=0.0
        )
        if width <= _WIDEST:
            return Found("inside", f"it scales them itself ({listed(reached.scaling, 3)})")
        raise UsageError(
            f"the model scales its input itself ({listed(reached.scaling, 3)}), but makes numbers {width:,.0f} apart "
            f"of pixels 0-255, which it cannot be made for: say what it takes, input_scaling={SCALINGS}"
        )
    if row is not None and row.input_scaling != "inside":
        return Found(row.input_scaling, f"'{row.input_scaling}', as {row.constructor} of {row.library} wants it")
    hub = type(model).__module__.startswith("keras_hub.")
    also = "; or give the task with its preprocessor, such as ImageClassifier.from_preset(...)" if hub else ""
    raise UsageError(
        f"how {model.name!r} wants its pixels scaled cannot be seen from its layers: say it, "
        f"input_scaling={SCALINGS}{also}"
    )


def converter_of(model: keras.Model) -> Any:
    """The image converter of a KerasHub task, or None."""
    if not any(base.__module__.startswith("keras_hub.") for base in type(model).__mro__):
        return None
    preprocessor = getattr(model, "preprocessor", None)
    return getattr(preprocessor, "image_converter", None)


def _converter(model: keras.Model) -> InputScaling | None:
    """The scale and the offset of a KerasHub task's image converter."""
    if (converter := converter_of(model)) is None:
        return None
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset
    if np.all(np.asarray(scale) == 1.0) and not np.any(np.asarray(offset)):
        return None  # which says nothing: the network may scale inside, or wait for who scales
    return check_input_scaling((scale, offset))


@dataclass
class _Reached:
    """What pixels become before the first layer that computes.

    Args:
        scaling: Names of the layers and operations that scale, on the way.
        arrays: What arrives there, of a black and a white image.
    """

    scaling: tuple[str, ...] = ()
    arrays: tuple[np.ndarray, ...] = ()


def _reached(graph: keras.Model) -> _Reached:
    """Send a black and a white image through what a graph begins with."""
    height, width, channels = (side or 32 for side in graph.inputs[0].shape[1:])
    extremes = np.stack([np.zeros((height, width, channels)), np.full((height, width, channels), 255.0)])
    scaling: list[str] = []
    arrays: list[np.ndarray] = []

    def call(operation: keras.Operation, *args: Any, **kwargs: Any) -> Any:
        given = keras.tree.flatten((args, kwargs))
        beyond = keras.tree.map_structure(lambda _: _BEYOND, operation.output)
        if any(value is _BEYOND for value in given):
            return beyond
        if (inner := graph_of(operation)) is not None:
            return run_through(inner, keras.tree.flatten(args), call)
        kind = type(operation).__name__
        if isinstance(operation, AUGMENTATIONS):
            return args[0]
        if kind in _SCALING:
            scaling.append(operation.name)
            return operation(*args, **kwargs)
        if kind in _MOVING:
            return operation(*args, **kwargs)
        arrays.extend(np.asarray(keras.ops.convert_to_numpy(value)) for value in given if keras.ops.is_tensor(value))
        return beyond

    run_through(graph, [keras.ops.convert_to_tensor(extremes, "float32")], call)
    return _Reached(tuple(scaling), tuple(arrays))


def catalog_row(graph: keras.Model) -> Backbone | None:
    """The network of the catalog whose layers a graph has, by the names that mark its stages.

    Args:
        graph: With a head or without.

    Returns:
        Of those of one architecture the one that is nearest in its number of weights; None where none fits.
    """
    layers = list(layers_of(graph))
    below = dict(zip((layer.name for layer in layers), accumulate(map(_weights, layers)), strict=True))
    fitting = {row.name: (row, marks) for row in BACKBONES.usable() if below.keys() >= (marks := set(_marks(row)))}
    most = max((len(marks) for _, marks in fitting.values()), default=0)
    if most < _TELLING:
        return None
    return min(
        (row for row, marks in fitting.values() if len(marks) == most),
        key=lambda row: abs(_published_weights(row) - below[_marks(row)[0]]),
    )


def _marks(row: Backbone) -> list[str]:
    """The layers that mark its stages, from the head down."""
    return [mark for stage in row.stages if (mark := stage.first_layer or stage.after) is not None]


def _published_weights(row: Backbone) -> int:
    return row.weights_no_top.parameters if row.weights_no_top is not None else 0


def _weights(operation: keras.Operation) -> int:
    counted = isinstance(operation, keras.layers.Layer) and operation.built and graph_of(operation) is None
    return operation.count_params() if counted else 0
