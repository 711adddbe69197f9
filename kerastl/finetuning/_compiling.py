"""From a phase to a compiled model: optimizer, learning rate schedule, loss and metrics."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import numpy as np

from kerastl.errors import RecipeError
from kerastl.finetuning._freezing import rates_and_decays
from kerastl.finetuning._head_layers import Standardized
from kerastl.finetuning._losses import AsymmetricLoss
from kerastl.finetuning._network import Network
from kerastl.finetuning._phase import Phase
from kerastl.tasks._task import CLASSIFICATION, TASKS, Task
from kerastl.training._optimizer import PerVariable, build_optimizer
from kerastl.training._schedules import learning_rate_schedule

# Names of losses that `compile` takes beside those of the classes.
_LOSS_ABBREVIATIONS = {
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
}
# What targets are called in messages, by their kind.
_TARGETS = {"index": "one-hot", "indicators": "many-hot", "number": "numbers as"}


def compile_for(model: keras.Model, network: Network, phase: Phase, steps_per_epoch: int) -> Any:
    """Compile a model as a phase trains it, with its optimizer built.

    Args:
        model: The network, or the upper part of it that trains; frozen for the phase (`freeze_for`).
        network: Whose stages and variables they are.
        phase: For the optimizer, the rates, the decays and the loss.
        steps_per_epoch: Batches an epoch.

    Returns:
        The learning rate: a `LearningRateSchedule` that counts the phase's steps, or a number.

    Raises:
        RecipeError: There is no such optimizer or loss, or it does not take the phase's options.

    Example:
        >>> import keras
        >>> from kerastl.finetuning import Network, Phase, compile_for, freeze_for
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", name="top")])
        >>> network = Network(model, {"head": [model.get_layer("top")]})
        >>> phase = Phase("head", epochs=2, schedule="cosine", optimizer="sgd", clipnorm=1.0)
        >>> parameters = freeze_for(network, phase)
        >>> schedule = compile_for(model, network, phase, steps_per_epoch=10)
        >>> schedule.at(0), round(schedule.at(10), 6)
        (0.001, 0.0005)
    """
    rate = phase_schedule(phase, steps_per_epoch)
    model.compile(
        optimizer=optimizer_for(network, phase, rate),
        loss=_in_units(loss_for(phase, network.task), network),
        metrics=[training_metric(network.task)],
    )
    model.optimizer.build(model.trainable_variables)
    return rate


def _in_units(loss: keras.losses.Loss, network: Network) -> keras.losses.Loss:
    """The loss of what a network gives: of numbers when they are standardized."""
    return Standardized(loss, *network.scale) if network.task.kind == "number" else loss


def phase_schedule(phase: Phase, steps_per_epoch: int) -> Any:
    """Return the learning rate of a phase: a `LearningRateSchedule`, or a number where it is constant."""
    steps = phase.epochs * steps_per_epoch
    return learning_rate_schedule(phase.schedule, phase.learning_rate, steps, phase.warmup * steps_per_epoch)


def optimizer_for(network: Network, phase: Phase, learning_rate: Any) -> PerVariable:
    """Make the optimizer of a phase.

    Args:
        network: Frozen for the phase.
        phase: For the optimizer, the rates and the decays.
        learning_rate: A number or a schedule.

    Raises:
        RecipeError: There is no such optimizer, or it does not take the phase's options.

    Example:
        >>> import keras
        >>> from kerastl.finetuning import Network, Phase, freeze_for, optimizer_for
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", name="top")])
        >>> network, phase = Network(model, {"head": [model.get_layer("top")]}), Phase("head", optimizer="sgd")
        >>> parameters = freeze_for(network, phase)
        >>> isinstance(optimizer_for(network, phase, 0.01), keras.optimizers.SGD)
        True
    """
    rates, decays = rates_and_decays(network, phase)
    options = dict(phase.optimizer_options)
    if phase.ema_momentum is not None:
        options |= {"use_ema": True, "ema_momentum": phase.ema_momentum}
    clips = {name: getattr(phase, name) for name in ("clipnorm", "global_clipnorm", "clipvalue")}
    return build_optimizer(phase.optimizer, learning_rate, rates, decays, **options, **clips)


def training_metric(task: Task) -> keras.metrics.Metric:
    """Make the metric that tells how good answers on training batches are, of the name of `task.training_figure`."""
    metric: keras.metrics.Metric = getattr(keras.metrics, task.training_metric)(name=task.training_figure.name)
    return metric


def loss_for(phase: Phase, task: Task = TASKS[CLASSIFICATION]) -> keras.losses.Loss:
    """Make the loss of a phase: of what the network gives, `(n, outputs)`, and targets of the same shape.

    Raises:
        RecipeError: There is no such loss, or it does not take the phase's options, these targets or label smoothing.
    """
    kinds = {name.lower(): kind for name, kind in vars(keras.losses).items() if _is_loss(kind)}
    wanted = phase.loss or task.loss
    name = _LOSS_ABBREVIATIONS.get(wanted.lower(), wanted)
    own = {kind.__name__.lower(): kind for kind in (AsymmetricLoss,)}
    kind = {**kinds, **own}.get(name.replace("_", "").lower()) or keras.saving.get_registered_object(name)
    if not _is_loss(kind):
        raise RecipeError(f"loss must be the name of a loss of Keras, such as {task.loss}. Received: {wanted!r}")
    options = dict(phase.loss_options)
    if phase.label_smoothing and task.smoothed:
        options["label_smoothing"] = phase.label_smoothing
    if options.get("from_logits"):
        raise RecipeError(f"loss {wanted!r} gets probabilities, so from_logits must be False")
    shape = _TARGETS[task.kind]
    targets = task.output_targets(np.eye(3, dtype=bool) if task.kind == "indicators" else np.arange(3), 3)
    guesses = np.full(targets.shape, 1 / 3, "float32")
    try:
        loss = kind(**options)
    except Exception as error:  # a loss may raise anything
        raise RecipeError(f"loss {wanted!r} cannot be used: {_first_line(error)}") from None
    try:
        suits = np.isfinite(keras.ops.convert_to_numpy(loss(targets, guesses))).all()
    except Exception as error:  # likewise
        raise RecipeError(f"loss {wanted!r} cannot be used for {shape} targets: {_first_line(error)}") from None
    if not suits:
        raise RecipeError(f"loss {wanted!r} cannot be used: it is not a number for {shape} targets")
    return loss


def _is_loss(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, keras.losses.Loss)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
