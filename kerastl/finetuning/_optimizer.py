"""AdamW with a learning rate of its own for each variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops


class LayerwiseAdamW(keras.optimizers.Adam):
    """Adam (Kingma and Ba 2015) with decoupled weight decay and discriminative learning rates.

    A variable v with share s moves by `s * learning_rate * (adam_direction + weight_decay * v)`: the decay of
    Loshchilov and Hutter 2019, algorithm 2, follows the variable's own rate. Only variables with two or more
    dimensions decay, which leaves out biases and the weights of normalization.

    Keras has no learning rates per layer; this overrides the one step that a custom optimizer is meant to
    override. It is for training only: saved models do not mention it.

    Args:
        shares: Path of each variable to its fraction of the learning rate. Each variable needs one.
        learning_rate: For a fraction of 1.
        decay: Weight decay.
        **options: Of `keras.optimizers.Adam`.
    """

    def __init__(
        self, shares: Mapping[str, float], learning_rate: float = 1e-3, decay: float = 0.0, **options: Any
    ) -> None:
        super().__init__(learning_rate=learning_rate, **options)
        self._shares_by_path = dict(shares)
        self._decay = decay
        self._shares: list[float] = []

    def build(self, var_list: Sequence[keras.Variable]) -> None:
        """Take the variables that train.

        Raises:
            ValueError: One has no share: each must be covered.
        """
        if missing := [variable.path for variable in var_list if variable.path not in self._shares_by_path]:
            raise ValueError(f"no fraction of the learning rate for {', '.join(missing)}")
        self._shares = [self._shares_by_path[variable.path] for variable in var_list]
        super().build(var_list)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Move one variable (called by Keras)."""
        rate = learning_rate * self._shares[self._get_variable_index(variable)]
        if self._decay and len(variable.shape) > 1:
            step = ops.cast(rate * self._decay, variable.dtype)
            self.assign_sub(variable, ops.multiply(variable, step))
        super().update_step(gradient, variable, rate)
