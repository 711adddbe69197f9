"""Which layers of a network train: exactly those that a phase names.

Freezing a stage fixes its weights and puts its BatchNorm layers into inference mode, so that neither weights nor
statistics change. Keras looks at `trainable` when a model is compiled, so compile after each call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import keras

from kerastl.errors import RecipeError
from kerastl.finetuning._network import Network
from kerastl.finetuning._phase import BatchNormPolicy, Phase
from kerastl.finetuning._rules import assign_rules, check_used
from kerastl.models._ordinal_tail import CLASSES


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

    Example:
        >>> import keras
        >>> from kerastl.finetuning import attach_head, freeze
        >>> pixels = keras.Input((32, 32, 3))
        >>> convolution = keras.layers.Conv2D(8, 3)
        >>> network = attach_head(keras.Model(pixels, convolution(pixels)), {"stem": [convolution]}, classes=3)
        >>> freeze(network, ["head"]), freeze(network, ["head", "stem"])
        (27, 251)
    """
    stage_of = network.stage_of()
    if lost := [layer.name for layer in network.model.layers if layer.weights and layer.name not in stage_of]:
        raise RecipeError(f"layers with weights that belong to no stage: {', '.join(lost)}")
    for name, layers in network.stages.items():
        for layer in layers:
            layer.trainable = False  # first, or Keras leaves variables alone that rules have frozen one by one
            layer.trainable = name in trained and layer.name != CLASSES
            if batch_norm == "frozen":
                for inner in layer._flatten_layers():  # a block of layers may be one layer
                    if isinstance(inner, keras.layers.BatchNormalization):
                        inner.trainable = False
    count = sum(math.prod(variable.shape) for variable in network.model.trainable_variables)
    if count == 0:
        raise RecipeError(f"nothing trains: no trainable weights in {', '.join(trained)}")
    return count


def freeze_for(network: Network, phase: Phase) -> int:
    """Let train what a phase trains: its stages, without the variables that its rules freeze.

    Returns:
        The number of parameters that train.

    Raises:
        RecipeError: As in `freeze`; or a rule matches nothing, or a variable that trains is covered by none.

    Example:
        >>> import keras
        >>> from kerastl.finetuning import Phase, attach_head, freeze_for
        >>> pixels = keras.Input((32, 32, 3))
        >>> convolution = keras.layers.Conv2D(8, 3)
        >>> network = attach_head(keras.Model(pixels, convolution(pixels)), {"stem": [convolution]}, classes=3)
        >>> freeze_for(network, Phase("head")), freeze_for(network, Phase("all"))
        (27, 251)
    """
    freeze(network, phase.trained_stages(tuple(network.stages)), phase.batch_norm)
    check_used(phase.rules, _named(network, lambda layer: layer.variables))
    rules = assign_rules(phase.rules, _named(network, lambda layer: layer.trainable_variables))
    for layer in network.model.layers:
        for variable in layer.trainable_variables:
            variable.trainable = rules[variable.path].rate > 0
    count = sum(math.prod(variable.shape) for variable in network.model.trainable_variables)
    if count == 0:
        raise RecipeError("nothing trains: the rules freeze all variables")
    return count


def rates_and_decays(network: Network, phase: Phase) -> tuple[dict[str, float], dict[str, float]]:
    """Return the fraction of the learning rate, and the weight decay, of each variable that trains, by its path.

    The head has a fraction of 1, the top stage `layer_decay`, the next `layer_decay ** 2`, and so on: discriminative
    fine-tuning (Howard and Ruder 2018, section 3.1). The phase's rules multiply it. Only variables with two or more
    dimensions decay, where no rule says otherwise.
    """
    rules = assign_rules(phase.rules, _named(network, lambda layer: layer.trainable_variables))
    stage_of = network.stage_of()
    rates, decays = {}, {}
    for layer in network.model.layers:
        for variable in layer.trainable_variables:
            rule = rules[variable.path]
            if variable.path in rates:
                raise RecipeError(f"two variables are called {variable.path}: give the layers names of their own")
            rates[variable.path] = phase.layer_decay ** stage_of[layer.name] * rule.rate
            usual = phase.weight_decay if len(variable.shape) > 1 else 0.0
            decays[variable.path] = usual if rule.weight_decay is None else rule.weight_decay
    return rates, decays


def _named(network: Network, variables: Callable[[keras.Layer], Iterable[keras.Variable]]) -> dict[str, list[str]]:
    """Path of each variable to the names that a rule may give it."""
    stages, stage_of = tuple(network.stages), network.stage_of()
    found = {}
    for layer in network.model.layers:
        for variable in variables(layer):
            stage = stages[stage_of[layer.name]]
            found[variable.path] = [f"{stage}/{variable.path}", variable.path, stage, layer.name]
    return found
