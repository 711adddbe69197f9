"""Temperature scaling: scores that are right as often as they say (Guo et al. 2017, section 4.2)."""

from __future__ import annotations

import math

import numpy as np

from kerastl.errors import ModelError
from kerastl.models._metadata import Metadata

# Where the metadata has it, in `extra`.
TEMPERATURE = "temperature"
# Where the temperature is looked for.
LOWEST, HIGHEST = 0.05, 20.0
_TINY = float(np.finfo(np.float32).tiny)


def of(metadata: Metadata) -> float:
    """The temperature that a model's probabilities are scaled with; 1 where none was fitted.

    Raises:
        ModelError: It is no number above 0.
    """
    value = metadata.extra.get(TEMPERATURE, 1.0)
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
