"""Any optimizer of Keras with a learning rate and a weight decay of its own for each variable."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from kerastl.errors import RecipeError
from kerastl.training._variables import assign, values_of

if TYPE_CHECKING:
    from collections.abc import Iterator


class PerVariable(keras.optimizers.Optimizer):
    """What `per_variable` puts in front of an optimizer's class.

    A variable v with multiplier m and decay d moves by `m * learning_rate * (direction + d * v)`, where the direction
    is that of the optimizer: the decay is decoupled from the gradient and follows the variable's own rate (Loshchilov
    and Hutter 2019, algorithm 2).

    Keras has no learning rates per layer; this overrides the one step that a custom optimizer is meant to override.

    Args:
        *args: Of the optimizer.
        multipliers: Path of each variable to its fraction of the learning rate. Each variable needs one.
        decays: Path of a variable to its weight decay; those that are not named do not decay.
        **options: Of the optimizer, all but `weight_decay`.
    """

    def __init__(
        self, *args: Any, multipliers: Mapping[str, float], decays: Mapping[str, float] | None = None, **options: Any
    ) -> None:
        options.pop("weight_decay", None)
        super().__init__(*args, **options)
        self.weight_decay = None
        self._multipliers_by_path = dict(multipliers)
        self._decays_by_path = dict(decays or {})
        self._multipliers: list[float] = []
        self._decays: list[float] = []

    def build(self, var_list: Sequence[keras.Variable]) -> None:
        """Take the variables that train.

        Raises:
            ValueError: One has no multiplier: each must be covered.
        """
        paths = [variable.path for variable in var_list]
        if missing := [path for path in paths if path not in self._multipliers_by_path]:
            raise ValueError(f"no fraction of the learning rate for {', '.join(missing)}")
        self._multipliers = [self._multipliers_by_path[path] for path in paths]
        self._decays = [self._decays_by_path.get(path, 0.0) for path in paths]
        super().build(var_list)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable (called by Keras)."""
        number = self._get_variable_index(variable)
        rate, decay = learning_rate * self._multipliers[number], self._decays[number]
        if decay:
            self.assign_sub(variable, ops.multiply(variable, ops.cast(rate * decay, variable.dtype)))
        super().update_step(gradient, variable, rate)

    def _apply_weight_decay(self, variables: Sequence[Any]) -> None:
        """Do nothing (called by Keras): `update_step` has done it."""

    def get_config(self) -> dict[str, Any]:
        """Return what the optimizer is made of."""
        own = {"multipliers": dict(self._multipliers_by_path), "decays": dict(self._decays_by_path)}
        return {**super().get_config(), **own}


_MULTI = (keras.optimizers.MultiOptimizer,) if hasattr(keras.optimizers, "MultiOptimizer") else ()  # not in Keras 3.12
_WRAPPERS = (keras.optimizers.LossScaleOptimizer, *_MULTI, PerVariable)


@functools.cache
def per_variable(base: type[keras.optimizers.Optimizer]) -> type[PerVariable]:
    """Return the class of an optimizer with rates and decays per variable.

    Args:
        base: Of the optimizer: `keras.optimizers.SGD`, a class of your own, and so on.

    Example:
        >>> import keras
        >>> from kerastl.training import per_variable
        >>> pixels = keras.Input((2,))
        >>> model = keras.Model(pixels, keras.layers.Dense(1, name="top")(pixels))
        >>> multipliers = {"top/kernel": 1.0, "top/bias": 0.1}
        >>> optimizer = per_variable(keras.optimizers.Lion)(1e-4, multipliers=multipliers, decays={"top/kernel": 0.01})
        >>> model.compile(optimizer, "mse")
    """
    made = type(f"PerVariable{base.__name__}", (PerVariable, base), {"__doc__": f"{base.__name__} per variable."})
    return keras.saving.register_keras_serializable("kerastl")(made)


def optimizer_class(name: str) -> type[keras.optimizers.Optimizer]:
    """Return the class of an optimizer.

    Args:
        name: Of a class of `keras.optimizers` in any case, `adamw`, `sgd`; or `package>Name` of one that is registered
            with `keras.saving.register_keras_serializable`.

    Raises:
        RecipeError: There is no such optimizer, or it is one around another.
    """
    # `keras.optimizers.get` does not know them all: it lacks Lamb.
    kinds = {public.lower(): kind for public, kind in vars(keras.optimizers).items()}
    kind = keras.saving.get_registered_object(name) or kinds.get(name.replace("_", "").lower())
    if not inspect.isclass(kind) or not issubclass(kind, keras.optimizers.Optimizer) or issubclass(kind, _WRAPPERS):
        raise RecipeError(
            f"optimizer must be the name of an optimizer of Keras, such as adamw, sgd or lion. Received: {name!r}"
        )
    return kind


def build_optimizer(
    name: str, learning_rate: Any, multipliers: Mapping[str, float], decays: Mapping[str, float], **options: Any
) -> PerVariable:
    """Make an optimizer with rates and decays per variable.

    Args:
        name: See `optimizer_class`.
        learning_rate: A number or a schedule, for a multiplier of 1.
        multipliers: See `PerVariable`.
        decays: See `PerVariable`.
        **options: Of the optimizer.

    Raises:
        RecipeError: There is no such optimizer, or it does not take these options.
    """
    kind: Any = optimizer_class(name)
    try:
        return per_variable(kind)(learning_rate=learning_rate, multipliers=multipliers, decays=decays, **options)
    except (TypeError, ValueError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RecipeError(f"optimizer {name!r} cannot be made: {reason}") from None


def with_learning_rate(optimizer: keras.optimizers.Optimizer, learning_rate: Any) -> keras.optimizers.Optimizer:
    """Return a fresh optimizer that differs in nothing but its learning rate.

    Args:
        optimizer: Of Keras, or one whose `get_config` is complete.
        learning_rate: A number or a schedule.
    """
    config = optimizer.get_config()
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        del config["inner_optimizer"]
        return type(optimizer)(with_learning_rate(optimizer.inner_optimizer, learning_rate), **config)
    return type(optimizer).from_config({**config, "learning_rate": learning_rate})


@contextmanager
def averaged_weights(model: keras.Model) -> Iterator[None]:
    """Give a model the moving averages of its weights, and at the end the weights back.

    Args:
        model: Compiled; nothing happens where its optimizer keeps no averages (`use_ema`).
    """
    optimizer = model.optimizer
    if not getattr(optimizer, "inner_optimizer", optimizer).use_ema:
        yield
        return
    trained = model.trainable_variables
    weights = values_of(trained)
    optimizer.finalize_variable_values(trained)
    # On JAX the weights are the averages' own arrays then, which the first prediction would use up.
    assign(trained, values_of(trained))
    try:
        yield
    finally:
        assign(trained, weights)
