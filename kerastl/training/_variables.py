"""The variables of a network and its optimizer as arrays, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from kerastl.errors import StateError, TrainingError


def attach_variables(model: keras.Model) -> None:
    """Give a model that `fit` trains the values of its variables, which it does not hold between two steps on JAX.

    They may be changed, too, until the next step begins.
    """
    if hasattr(model, "jax_state_sync"):
        model.jax_state_sync()


def values_of(variables: Sequence[Any]) -> list[np.ndarray]:
    """Copy the variables' values."""
    return [np.array(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    """Give the variables values, in the order of `values_of`.

    Raises:
        StateError: There are more or fewer, or they are of other shapes.
    """
    shapes = [tuple(variable.shape) for variable in variables], [value.shape for value in values]
    if shapes[0] != shapes[1] or any(value.dtype.kind not in "biufV" for value in values):
        raise StateError("the state on disk is of another network; --overwrite starts anew")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def not_finite(model: keras.Model) -> list[str]:
    """Return the paths of the variables that hold NaN or infinity."""
    return [variable.path for variable in model.weights if not np.isfinite(values_of([variable])[0]).all()]


def check_finite(model: keras.Model) -> None:
    """Refuse a network that is of no use.

    Raises:
        TrainingError: A weight is NaN or infinite; the message names the first variable.
    """
    if broken := not_finite(model):
        raise TrainingError(
            f"weights have become NaN or infinite ({broken[0]}, {len(broken)} of {len(model.weights)} variables): "
            "lower the learning rate, or start from other weights"
        )
