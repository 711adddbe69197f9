"""Probabilities of ordered classes from one score, by the cumulative link model.

It is that of McCullagh 1980, "Regression Models for Ordinal Data", equation 1.1, with the logistic function. The class
is beyond the k-th of classes - 1 thresholds with probability sigmoid(slope * score - threshold). The probability of a
class is the difference of two such. With thresholds t and t + d, that is
sigmoid(s - t) sigmoid(t + d - s) (1 - exp(-d)), so that its logarithm loses no digits, and is concave (Burridge 1981).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kerastl.errors import TrainingError

# Thresholds of a class that no image shows lie so close to each other, in the logit.
_CLOSEST = 1e-4


@dataclass(frozen=True)
class CumulativeLink:
    """How a score becomes probabilities of ordered classes.

    Args:
        slope: What the score is multiplied by, 0 or more.
        thresholds: float64 `(classes - 1,)`, ascending: between each class and the next.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._cumulative_link import CumulativeLink
        >>> link = CumulativeLink(1.0, np.array([-2.0, 2.0]))
        >>> link.probabilities(np.array([-4.0, 0.0, 4.0])).argmax(axis=1).tolist()
        [0, 1, 2]
    """

    slope: float
    thresholds: np.ndarray

    @property
    def logs(self) -> np.ndarray:
        """Of 1 - exp(-d), the width of each class: float64 `(classes,)`, 0 for the outer two, which have no end."""
        return np.concatenate([[0.0], np.log(-np.expm1(-np.diff(self.thresholds))), [0.0]])

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Probability of each class: float64 `(n, classes)` of scores `(n,)`, rows sum to 1."""
        beyond = self.slope * np.asarray(scores, np.float64)[:, None] - self.thresholds
        found = np.tile(self.logs, (len(beyond), 1))
        found[:, 1:] += _log_sigmoid(beyond)
        found[:, :-1] += _log_sigmoid(-beyond)
        return np.asarray(np.exp(found))


def fit_cumulative_link(
    scores: np.ndarray, labels: np.ndarray, classes: int, weights: np.ndarray | None = None
) -> CumulativeLink:
    """Find the slope and the thresholds that make labels most likely.

    As when a temperature is fitted, n labels count as if one more image of each kind, right and wrong, had been seen
    (Platt 1999, section 2.2): so the slope stays finite where scores tell classes apart without error. The logarithm
    of the likelihood is concave in what is looked for, so that the maximum that is found is the only one.

    Args:
        scores: float `(n,)`, of images that the scores do not know; the higher, the later the class.
        labels: int64 `(n,)`, each in `[0, classes)`, in the order of the classes.
        classes: At least 2.
        weights: float `(n,)`, above 0, of each image; None counts all alike.

    Raises:
        TrainingError: A score is not finite.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning._cumulative_link import fit_cumulative_link
        >>> labels = np.arange(300) % 3
        >>> scores = labels + np.random.default_rng(0).normal(scale=0.3, size=300)
        >>> link = fit_cumulative_link(scores, labels, 3)
        >>> (link.thresholds / link.slope).round().tolist()  # halfway between the classes
        [0.0, 2.0]
    """
    from scipy.optimize import minimize

    if not np.isfinite(scores).all():
        raise TrainingError("the scores hold NaN or infinity: the weights of the network are broken")
    values = np.asarray(scores, np.float64)
    middle, spread = float(values.mean()), float(values.std()) or 1.0
    problem = _Likelihood((values - middle) / spread, _expected(labels, classes), _relative(weights, len(labels)))
    start = np.concatenate([[1.0], problem.start()])
    bounds = [(0.0, None), (None, None), *[(_CLOSEST, None)] * (classes - 2)]
    options = {"maxiter": 500, "ftol": 1e-13, "gtol": 1e-9}
    found = minimize(problem.loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    slope = float(found.x[0]) / spread
    return CumulativeLink(slope, np.cumsum(found.x[1:]) + slope * middle)


class _Likelihood:
    """Minus the mean logarithm of the likelihood, of the slope, the first threshold and the steps to the others.

    Args:
        scores: `(n,)`, standardized.
        expected: `(n, classes)`, how much each class counts as that of an image.
        weights: `(n,)`, with a sum of 1.
    """

    def __init__(self, scores: np.ndarray, expected: np.ndarray, weights: np.ndarray) -> None:
        self._scores = scores
        self._below = weights[:, None] * expected[:, :-1]
        self._beyond = weights[:, None] * expected[:, 1:]
        self._counts = weights @ expected

    def start(self) -> np.ndarray:
        """Thresholds as the frequencies of the classes have them: the first, and the steps to the others."""
        below = np.cumsum(self._counts)[:-1]
        found = np.log(below / (1 - below))
        return np.concatenate([found[:1], np.maximum(np.diff(found), _CLOSEST)])

    def loss(self, sought: np.ndarray) -> tuple[float, np.ndarray]:
        """The loss and its gradient."""
        slope, steps = sought[0], sought[2:]
        beyond = slope * self._scores[:, None] - np.cumsum(sought[1:])
        inner = self._counts[1:-1]
        likely = np.vdot(self._beyond, _log_sigmoid(beyond)) + np.vdot(self._below, _log_sigmoid(-beyond))
        likely += inner @ np.log(-np.expm1(-steps))
        rise = self._beyond - (self._beyond + self._below) * np.exp(_log_sigmoid(beyond))
        of_thresholds = -np.cumsum(rise.sum(axis=0)[::-1])[::-1]  # a step moves all thresholds from there on
        of_thresholds[1:] += inner / np.expm1(steps)
        return -float(likely), -np.concatenate([[self._scores @ rise.sum(axis=1)], of_thresholds])


def _expected(labels: np.ndarray, classes: int) -> np.ndarray:
    right = (len(labels) + 1) / (len(labels) + 2)
    found = np.full((len(labels), classes), (1 - right) / (classes - 1))
    found[np.arange(len(labels)), labels] = right
    return found


def _relative(weights: np.ndarray | None, count: int) -> np.ndarray:
    given = np.ones(count) if weights is None else np.asarray(weights, np.float64)
    return np.asarray(given / given.sum())


def _log_sigmoid(values: np.ndarray) -> np.ndarray:
    return np.asarray(-np.logaddexp(0, -values))
