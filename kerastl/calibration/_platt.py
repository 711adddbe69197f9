"""A slope and an offset a label that turn scores into probabilities (Platt 1999).

Platt 1999, "Probabilistic Outputs for Support Vector Machines", section 2.2: p = sigmoid(slope * score + offset), where
both make labeled images most likely, as if one more image with the label and one without it had been seen. So
probabilities stay away from 0 and 1 where scores tell all images apart, and a few images promise less than many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Of scores divided by their spread: less would hide which image has the higher score.
_FLATTEST, _STEEPEST = 1e-3, 1e3
_TINY = 1e-7


@dataclass(frozen=True)
class PlattScale:
    """Slopes and offsets.

    Args:
        slopes: float64 `(labels,)`, above 0.
        offsets: float64 `(labels,)`.

    Example:
        >>> import numpy as np
        >>> from kerastl.calibration._platt import PlattScale
        >>> PlattScale(np.array([2.0]), np.array([0.0])).apply(np.array([[0.0]])).tolist()
        [[0.5]]
    """

    slopes: NDArray[np.float64]
    offsets: NDArray[np.float64]

    def apply(self, scores: np.ndarray) -> NDArray[np.float32]:
        """Probabilities of scores: float32 `(n, labels)`."""
        from scipy.special import expit

        return expit(scores.astype(np.float64) * self.slopes + self.offsets).astype(np.float32)

    def apply_to_probabilities(self, probabilities: np.ndarray) -> NDArray[np.float32]:
        """The same for scores that a sigmoid has turned into probabilities already."""
        return self.apply(logits(probabilities))

    def into(self, kernel: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A last layer whose sigmoid gives what `apply` makes of its scores.

        Args:
            kernel: `(features, labels)`.
            bias: `(labels,)`.

        Returns:
            Both as float32.
        """
        scaled = bias.astype(np.float64) * self.slopes + self.offsets
        return (kernel * self.slopes).astype(np.float32), scaled.astype(np.float32)


def logits(probabilities: np.ndarray) -> NDArray[np.float64]:
    """What a sigmoid has made probabilities of; those that float32 holds as 0 or 1 count as 1e-7 and one minus that."""
    from scipy.special import logit

    return np.asarray(logit(np.clip(probabilities.astype(np.float64), _TINY, 1 - _TINY)), np.float64)


def fit(scores: np.ndarray, truth: np.ndarray) -> PlattScale:
    """Fit a slope and an offset for each label.

    Args:
        scores: float `(n, labels)`, of images that they do not know.
        truth: bool `(n, labels)`: which labels the images have.

    Returns:
        The scale. A label that no image has, or that all have, keeps the order of its scores and little more.

    Example:
        >>> import numpy as np
        >>> from kerastl.calibration._platt import fit
        >>> scores = np.array([[0.0], [1.0], [0.2], [0.8]])
        >>> fitted = fit(scores, scores > 0.5)
        >>> (fitted.apply(scores) > 0.5).ravel().tolist()
        [False, True, False, True]
    """
    pairs = [_fit(scores[:, label].astype(np.float64), truth[:, label]) for label in range(scores.shape[1])]
    slopes, offsets = np.array(pairs, np.float64).reshape(-1, 2).T
    return PlattScale(slopes, offsets)


def fit_probabilities(probabilities: np.ndarray, truth: np.ndarray) -> PlattScale:
    """The same for scores that a sigmoid has turned into probabilities already."""
    return fit(logits(probabilities), truth)


def _fit(scores: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    from scipy.optimize import minimize
    from scipy.special import expit, logit

    positives, n = int(truth.sum()), len(truth)
    targets = np.where(truth, (positives + 1) / (positives + 2), 1 / (n - positives + 2))
    middle, spread = float(scores.mean()), float(scores.std())
    spread = spread if spread > 0 else 1.0
    scaled = (scores - middle) / spread

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        sums = point[0] * scaled + point[1]
        wrong = expit(sums) - targets
        value = np.mean(np.logaddexp(0, sums) - targets * sums)
        return float(value), np.array([np.mean(wrong * scaled), np.mean(wrong)])

    start = (1.0, float(logit(targets.mean())))
    # Convex, so that the minimum that is found is the only one.
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[(_FLATTEST, _STEEPEST), (None, None)])
    slope, offset = found.x[0] / spread, found.x[1]
    return float(slope), float(offset - slope * middle)
