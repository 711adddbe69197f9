"""Which layers of a network train: exactly those that a phase names.

Freezing a stage fixes its weights and puts its BatchNorm layers into inference mode, so that neither weights nor
statistics change. Keras looks at `trainable` when a model is compiled, so compile after each call.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import keras

from kerastl.errors import RecipeError
from kerastl.finetuning._network import Network
from kerastl.finetuning._recipe import BatchNormPolicy


def freeze(network: Network, trained: Sequence[str], batch_norm: BatchNormPolicy = "frozen") -> int:
    """Let the stages named in `trained` train and nothing else.

    Args:
        network: Its layers are changed in place.
        trained: Stage names, as `Phase.trained_stages` gives them.
        batch_norm: `frozen` keeps BatchNorm layers fixed in the trained stages too (weights and statistics);
            `trained` trains both.

    Returns:
        The number of parameters that train.

    Raises:
        RecipeError: Nothing would train, or the model has weights that belong to no stage.
    """
    stage_of = network.stage_of()
    if lost := [layer.name for layer in network.model.layers if layer.weights and layer.name not in stage_of]:
        raise RecipeError(f"layers with weights that belong to no stage: {', '.join(lost)}")
    for name, layers in network.stages.items():
        for layer in layers:
            layer.trainable = name in trained
            if batch_norm == "frozen":
                for inner in layer._flatten_layers():  # a block of layers may be one layer
                    if isinstance(inner, keras.layers.BatchNormalization):
                        inner.trainable = False
    count = sum(math.prod(variable.shape) for variable in network.model.trainable_variables)
    if count == 0:
        raise RecipeError(f"nothing trains: no trainable weights in {', '.join(trained)}")
    return count


def stage_rates(network: Network, decay: float) -> dict[str, float]:
    """Return the fraction of the learning rate for each trainable variable, by its path.

    The head has 1, the top stage `decay`, the next `decay ** 2`, and so on: discriminative fine-tuning
    (Howard and Ruder 2018, section 3.1).
    """
    stage_of = network.stage_of()
    return {
        variable.path: decay ** stage_of[layer.name]
        for layer in network.model.layers
        for variable in layer.trainable_variables
    }
