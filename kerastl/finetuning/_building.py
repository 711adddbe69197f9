"""The backbone that a run asks for, in the precision it trains in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.keras_import import import_keras
from kerastl._progress import stage
from kerastl.finetuning._settings import Settings
from kerastl.models._backbone import Backbone

if TYPE_CHECKING:
    import keras


def build_backbone(row: Backbone, settings: Settings) -> tuple[keras.Model, dict[str, list[keras.layers.Layer]]]:
    """Build a backbone without a head.

    Args:
        row: Of the catalog.
        settings: Weights, input size and precision.

    Returns:
        The network, raw pixels to a feature map, and its stages from the top down.
    """
    keras = import_keras()
    from kerastl.models import _build

    if settings.weights is None:
        keras.utils.set_random_seed(settings.seed)
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(settings.precision)
    try:
        with stage(f"{row.name}: loading the network into Keras"):
            model = _build.build(row, weights=settings.weights, include_top=False, input_size=settings.input_size)
    finally:
        keras.config.set_dtype_policy(before)
    stages = _build.stages(model, row)
    stages.pop("head", None)
    return model, stages
