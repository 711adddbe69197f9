"""A model that also gives features of an image: a vector that lies near those of similar images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from kerastl._base.keras_import import import_keras
from kerastl.errors import UsageError
from kerastl.models._exported.reading import refuse_features
from kerastl.models._registry import BACKBONES
from kerastl.models._spec import ModelSpec

if TYPE_CHECKING:
    import keras

FeatureName: TypeAlias = Literal["last", "deep"]
"""A name of `FEATURES`."""


@dataclass(frozen=True)
class FeatureKind:
    """Features that a network has of an image.

    Args:
        description: What they are, in a few words.
        suffix: What tells the network that gives them from others.
        tensor: Their tensor, of shape (n, d), in a network, whose taps may have these names.
    """

    description: str
    suffix: str
    tensor: Callable[[keras.Model, tuple[str, ...]], keras.KerasTensor]


def _last(model: keras.Model, taps: tuple[str, ...]) -> keras.KerasTensor:
    from kerastl.models._graph import features

    return features(model).output


def _deep(model: keras.Model, taps: tuple[str, ...]) -> keras.KerasTensor:
    from kerastl.models._deep_features import deep_features, find_taps, joined_features
    from kerastl.models._graph import features, last_feature_map

    if (joined := joined_features(model)) is not None:
        return joined
    last = last_feature_map(model)
    backbone = features(model) if last is None else import_keras().Model(model.inputs[0], last, name=model.name)
    return deep_features(_first_views(backbone, find_taps(backbone, taps)))


def _first_views(backbone: keras.Model, taps: tuple[keras.KerasTensor, ...]) -> list[keras.KerasTensor]:
    """Tensors with one row an image: of a network that joins several views of images, one after the other, the first.

    Such is `kerastl_mini`, which looks at each image and at its mirror.
    """
    keras, images = import_keras(), 3
    pixels = keras.KerasTensor((images, *backbone.input_shape[1:]))
    shapes = [found.shape for found in keras.Model(backbone.inputs, taps).compute_output_spec(pixels)]
    return [
        tap if shape[0] == images else keras.ops.reshape(tap, (shape[0] // images, -1, *tap.shape[1:]))[0]
        for tap, shape in zip(taps, shapes, strict=True)
    ]


FEATURES: dict[str, FeatureKind] = {
    "last": FeatureKind("what the last layer decides by", "with unit features", _last),
    "deep": FeatureKind(
        "means and deviations of several layers, which a deep head reads", "with unit deep features", _deep
    ),
}
"""By their names."""


def check_features(features: str) -> None:
    """Raise `UsageError` for a name that is none of `FEATURES`."""
    if features not in FEATURES:
        raise UsageError(f"features must be one of {', '.join(FEATURES)}. Received: {features!r}")


def feature_model(spec: ModelSpec, features: FeatureName = "last") -> ModelSpec:
    """The same model with two outputs side by side: its probabilities, then its features scaled to length 1.

    A network with one output can be compiled like any other, and both come from one pass.

    Args:
        spec: The model.
        features: `last` for what goes into the last layer that has weights; `deep` for what a deep head reads, or would
            read where the model has another, see `deep_features`.

    Returns:
        A model with outputs of shape (n, classes + d).

    Raises:
        UsageError: It is an exported file, which has no features; or there are no features of this name.
    """
    check_features(features)
    refuse_features(spec.weights_file)
    kind, name = FEATURES[features], spec.metadata.backbone
    row = BACKBONES.get(name) if name else None
    taps = row.taps if row is not None else ()
    return replace(
        spec,
        identity=f"{spec.identity} {kind.suffix}",
        build=lambda: _joined(spec.build(), kind, taps),
        features=True,
    )


def _joined(model: keras.Model, kind: FeatureKind, taps: tuple[str, ...]) -> keras.Model:
    keras = import_keras()
    from kerastl.models._deep_features import unit_length

    unit = unit_length(kind.tensor(model, taps))
    _name_apart(model, unit)
    return keras.Model(model.inputs, keras.layers.Concatenate()([model.outputs[0], unit]), name=model.name)


def _name_apart(model: keras.Model, tensor: keras.KerasTensor) -> None:
    """Give the operations that were put on a model to compute a tensor names of their own.

    Keras counts them from the beginning in each process, and a model that was saved in another one may hold the same.
    """
    from kerastl.models._graph import inputs_of

    own, taken = set(map(id, model.operations)), {operation.name for operation in model.operations}
    waiting, seen = [tensor], set()
    while waiting:
        operation = waiting.pop()._keras_history.operation
        if id(operation) in own or id(operation) in seen:
            continue
        seen.add(id(operation))
        waiting += inputs_of(operation)
        number, name = 1, operation.name
        while operation.name in taken:
            number += 1
            operation.name = f"{name}_features_{number}"
        taken.add(operation.name)
