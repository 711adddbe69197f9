"""What an optimizer or a loss of Keras says, as fields of a phase, so that a run can store it as text."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras
from kerastl.errors import UsageError
from kerastl.finetuning._phase import Phase

if TYPE_CHECKING:
    import keras

_CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")
# Of an optimizer's config: what has no meaning for a phase, and what is left out where it is None.
_NAMES = ("name", "learning_rate", "weight_decay", "use_ema", "ema_momentum", *_CLIPS)
_OPTIONAL = ("ema_overwrite_frequency", "loss_scale_factor", "gradient_accumulation_steps")


def optimizer_fields(optimizer: str | keras.optimizers.Optimizer | None) -> dict[str, Any] | None:
    """Return the fields of a phase that an optimizer stands for.

    Args:
        optimizer: A name takes the place of the recipe's; an object also of its rate, decay, clipping and average.

    Raises:
        UsageError: It is no optimizer, cannot be written as text, or has a schedule. A wrong name is found here, before
            images are read.
    """
    if optimizer is None:
        return None
    keras = import_keras()
    from kerastl.training._optimizer import optimizer_class

    if isinstance(optimizer, str):
        optimizer_class(optimizer)
        return {"optimizer": optimizer, "optimizer_options": {}}
    if not isinstance(optimizer, keras.optimizers.Optimizer):
        raise UsageError(f"optimizer must be a name or an object of keras.optimizers. Received: {optimizer!r}")
    name = keras.saving.get_registered_name(type(optimizer))
    optimizer_class(name)
    config = optimizer.get_config()
    if not isinstance(config["learning_rate"], float):
        raise UsageError(
            "optimizer must have a number as its learning rate: the schedule is a field of the recipe's phases. "
            f"Received: {config['learning_rate']!r}"
        )
    options = {
        name: value
        for name, value in config.items()
        if name not in _NAMES and not (name in _OPTIONAL and value is None)
    }
    return {
        "optimizer": name,
        "optimizer_options": _as_json("optimizer", options),
        "learning_rate": float(f"{config['learning_rate']:.7g}"),  # Keras keeps it in float32
        "weight_decay": config.get("weight_decay") or 0.0,
        "ema_momentum": config["ema_momentum"] if config["use_ema"] else None,
        **{name: config[name] for name in _CLIPS},
    }


def loss_fields(loss: str | keras.losses.Loss | Callable[..., Any] | None) -> dict[str, Any] | None:
    """Return the fields of a phase that a loss stands for.

    Args:
        loss: A name, or a function of `keras.losses`, takes the place of the recipe's; an object also of its label
            smoothing.

    Raises:
        UsageError: It is no loss, does not fit probabilities and one-hot targets, or cannot be written as text.
    """
    if loss is None:
        return None
    keras = import_keras()
    from kerastl.finetuning._compiling import loss_for

    functions = {name: value for name, value in vars(keras.losses).items() if inspect.isfunction(value)}
    name = next((name for name, function in functions.items() if function is loss), loss)
    if isinstance(name, str):
        loss_for(Phase(loss=name))
        return {"loss": name, "loss_options": {}}
    if not isinstance(loss, keras.losses.Loss):
        raise UsageError(f"loss must be a name or an object of keras.losses. Received: {loss!r}")
    config = {name: value for name, value in loss.get_config().items() if name not in ("name", "fn")}
    smoothing = config.pop("label_smoothing", 0.0)
    name = keras.saving.get_registered_name(type(loss))
    fields = {"loss": name, "loss_options": _as_json("loss", config), "label_smoothing": smoothing}
    loss_for(Phase(**fields))
    return fields


def _as_json(what: str, options: dict[str, Any]) -> dict[str, Any]:
    try:
        return json.loads(json.dumps(options, allow_nan=False))
    except (TypeError, ValueError):
        raise UsageError(f"{what} has arguments that cannot be written as JSON. Received: {options!r}") from None
