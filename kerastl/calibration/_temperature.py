"""Temperature scaling: scores that are right as often as they say (Guo et al. 2017, section 4.2)."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

import numpy as np

from kerastl.errors import ModelError
from kerastl.models._metadata import Metadata

# Where the metadata has it, in `extra`: what the network's own logits are divided by already.
INSIDE = "temperature_inside"
# And where kerastl 0.1 had it: what answers are still to be scaled with, since it left the network as it was.
TEMPERATURE = "temperature"
# What it was fitted on: images that `kerastl calibrate` was given, or those of the training, each left out once.
FittedOn: TypeAlias = Literal["labeled images", "leave-one-out answers"]
LABELED: FittedOn = "labeled images"
LEAVE_ONE_OUT: FittedOn = "leave-one-out answers"
# Where the temperature is looked for.
LOWEST, HIGHEST = 0.05, 20.0
_TINY = float(np.finfo(np.float32).tiny)


def record(temperature: float, fitted_on: FittedOn) -> dict[str, Any]:
    """What `Metadata.extra` says of a network whose logits have been divided by a temperature.

    Args:
        temperature: T, more than 0: all that `kerastl calibrate` has divided by, or what training has.
        fitted_on: What it was fitted on.

    Returns:
        Entries of `extra`, as JSON values.
    """
    return {INSIDE: {"value": float(temperature), "fitted_on": fitted_on}}


def to_apply(metadata: Metadata) -> float:
    """The temperature that a network's answers are still to be scaled with: 1 unless kerastl 0.1 calibrated it.

    Raises:
        ModelError: It is no number above 0.
    """
    return _number(metadata, metadata.extra.get(TEMPERATURE, 1.0))


def inside(metadata: Metadata) -> float:
    """What `kerastl calibrate` has divided the network's logits by: 1 where it has not.

    A temperature that training found belongs to the network as it was made, and does not count.

    Raises:
        ModelError: It is no number above 0.
    """
    found = metadata.extra.get(INSIDE, {})
    return _number(metadata, found.get("value", 1.0)) if found.get("fitted_on") == LABELED else 1.0


def of(metadata: Metadata) -> float:
    """What `kerastl calibrate` has scaled a model's scores with, wherever that is done; 1 where it has not.

    Raises:
        ModelError: It is no number above 0.
    """
    return to_apply(metadata) * inside(metadata)


def fitted_on(metadata: Metadata) -> str | None:
    """What the temperature of a model was fitted on, see `FittedOn`; None where none was."""
    if TEMPERATURE in metadata.extra:
        return LABELED
    found: str | None = metadata.extra.get(INSIDE, {}).get("fitted_on")
    return found


def is_calibrated(metadata: Metadata) -> bool:
    """Whether scores were fitted to mean what they say: by `kerastl calibrate`, or when the model was trained."""
    return fitted_on(metadata) is not None


def _number(metadata: Metadata, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
        raise ModelError(f"{metadata.name}: the metadata's temperature is {value!r}, which is no number above 0")
    return float(value)


def apply(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Apply a temperature.

    softmax(z / T) is p^(1/T), normalized, for p = softmax(z): the logits z need not be known. What float32 cannot
    hold in p, less than 1e-38, stays 0.

    Args:
        probabilities: float array of shape (..., classes), rows sum to 1.
        temperature: T, more than 0; above 1 it makes scores more modest. 1 gives `probabilities` themselves.

    Returns:
        Array of the same shape and type. The order of the classes stays.
    """
    if temperature == 1:
        return probabilities
    # Relative to the largest, so that a small temperature does not make everything 0.
    relative = probabilities / probabilities.max(axis=-1, keepdims=True)
    powers = relative.astype(np.float64) ** (1 / temperature)
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(probabilities.dtype)


def undo(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Take a temperature back: what `apply` was given.

    Args:
        probabilities: float array of shape (..., classes), rows sum to 1.
        temperature: T, as for `apply`.

    Returns:
        Array of the same shape and type, to rounding. What has become less than float32 holds counts as the least
        that it does hold.
    """
    return probabilities if temperature == 1 else apply(np.maximum(probabilities, _TINY), 1 / temperature)


def fit(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Find the temperature that makes labeled images most likely.

    Args:
        probabilities: float array of shape (n, classes), rows sum to 1.
        labels: Integer array of shape (n,), values in [0, classes).

    Returns:
        The temperature, between `LOWEST` and `HIGHEST`. 1 where every image is classified correctly: then the
        likelihood only says that no score can be too high.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import logsumexp

    if (probabilities.argmax(axis=1) == labels).all():
        return 1.0
    logs = np.log(np.maximum(probabilities.astype(np.float64), _TINY))
    own = logs[np.arange(len(labels)), labels]

    def loss(inverse: float) -> float:
        return float(np.mean(logsumexp(inverse * logs, axis=1) - inverse * own))

    # Convex in 1/T, so that the minimum that is found is the only one.
    found = minimize_scalar(loss, bounds=(1 / HIGHEST, 1 / LOWEST), method="bounded", options={"xatol": 1e-6})
    return float(1 / found.x)
