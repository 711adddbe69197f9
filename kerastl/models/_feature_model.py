"""A model that also gives the features it decides by."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kerastl._base.keras_import import import_keras
from kerastl.models._exported.reading import refuse_features
from kerastl.models._spec import ModelSpec

if TYPE_CHECKING:
    import keras


def feature_model(spec: ModelSpec) -> ModelSpec:
    """The same model with two outputs side by side: its probabilities, then its features scaled to length 1.

    Features are what goes into the last layer that has weights. A network with one output can be compiled like any
    other, and both come from one pass.

    Args:
        spec: The model.

    Returns:
        A model with outputs of shape (n, classes + d).

    Raises:
        UsageError: It is an exported file, which has no features.
    """
    refuse_features(spec.weights_file)
    return replace(
        spec,
        identity=f"{spec.identity} with features",
        build=lambda: _with_features(spec.build()),
        features=True,
    )


def _with_features(model: keras.Model) -> keras.Model:
    keras = import_keras()
    from kerastl.models._graph import features

    unit = keras.layers.UnitNormalization()(features(model).output)
    return keras.Model(model.inputs, keras.layers.Concatenate()([model.outputs[0], unit]), name=model.name)
