"""How good predictions are, as plain numbers from arrays.

Throughout, `probabilities` is a float array of shape (n, classes) with values in [0, 1] and rows that sum to 1, and
`labels` an integer array of shape (n,) with values in [0, classes); n is at least 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class ClassScores:
    """How well one class is found.

    Args:
        label: Its name.
        index: Its place in the model's output.
        precision: Fraction of the images called so that are so; 0 where none is called so.
        recall: Fraction of the images that are so that are called so.
        f1: Harmonic mean of the two.
        support: Images of the class.
    """

    label: str
    index: int
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True)
class Confused:
    """One kind of mistake.

    Args:
        label: The right class.
        predicted: The class that was given instead.
        count: How often.
        fraction: `count` as a fraction of the images of `label`.
    """

    label: str
    predicted: str
    count: int
    fraction: float


@dataclass(frozen=True)
class ConfusionMatrix:
    """What was taken for what.

    Args:
        classes: Places in the model's output of the classes that occur as right or as given answers, ascending.
        counts: int64 array of shape (len(classes), len(classes)): a row a right class, a column a given one.
    """

    classes: np.ndarray
    counts: np.ndarray


def brier_scores(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Squared distance of each row from the right answer: float64 array of shape (n,), values in [0, 2].

    Summed over the classes, as in Brier (1950), equation 2; for two classes this is twice what is sometimes called so.
    """
    values = probabilities.astype(np.float64)
    own = values[np.arange(len(labels)), labels]
    # Written out, so that no one-hot array of the size of `probabilities` is needed.
    return np.maximum((values**2).sum(axis=1) - 2 * own + 1, 0)


def class_scores(predicted: np.ndarray, labels: np.ndarray, names: tuple[str, ...]) -> tuple[ClassScores, ...]:
    """Precision, recall and F1 of each class that has images.

    Args:
        predicted: The most probable classes, integers of shape (n,).
        labels: See the module.
        names: The names of all classes, by index.

    Returns:
        In the order of the index. The means over them are the macro averages.
    """
    matrix = confusion_matrix(predicted, labels)
    counts = matrix.counts
    right, support, taken = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
    return tuple(
        ClassScores(
            names[index],
            int(index),
            float(right[at] / taken[at]) if taken[at] else 0.0,
            float(right[at] / support[at]),
            float(2 * right[at] / (taken[at] + support[at])),
            int(support[at]),
        )
        for at, index in enumerate(matrix.classes)
        if support[at]
    )


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray) -> ConfusionMatrix:
    """Count what was taken for what; arguments as for `class_scores`."""
    classes = np.union1d(labels, predicted)
    size = len(classes)
    cells = np.searchsorted(classes, labels) * size + np.searchsorted(classes, predicted)
    return ConfusionMatrix(classes, np.bincount(cells, minlength=size * size).reshape(size, size))


def most_confused(matrix: ConfusionMatrix, names: tuple[str, ...], most: int | None = None) -> tuple[Confused, ...]:
    """The kinds of mistakes, the most frequent first, then by the classes' indices.

    Args:
        matrix: Of `confusion_matrix`.
        names: The names of all classes, by index.
        most: How many at most; all if `None`.
    """
    wrong = matrix.counts * ~np.eye(len(matrix.classes), dtype=bool)
    totals = matrix.counts.sum(axis=1)
    pairs = np.argwhere(wrong)
    order = np.argsort(-wrong[tuple(pairs.T)], kind="stable")[:most]
    return tuple(
        Confused(
            names[matrix.classes[row]],
            names[matrix.classes[column]],
            int(wrong[row, column]),
            float(wrong[row, column] / totals[row]),
        )
        for row, column in pairs[order]
    )


def as_rows(matrix: ConfusionMatrix, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """The cells that are not 0 as JSON values: most of a large matrix is."""
    return [
        {"label": names[matrix.classes[row]], "predicted": names[matrix.classes[column]], "count": int(count)}
        for (row, column), count in np.ndenumerate(matrix.counts)
        if count
    ]


BINS = 15


@dataclass(frozen=True)
class Reliability:
    """Confidence against accuracy, in bins of equal width (Guo et al. 2017, equations 2 to 5).

    The confidence of an image is the probability of its most probable class. Bin i of m holds the images with a
    confidence in (i/m, (i+1)/m].

    Args:
        counts: int64 array of shape (bins,): images.
        confidence: float64 array of shape (bins,): their mean confidence; NaN where there are none.
        accuracy: float64 array of shape (bins,): the fraction of them that is right; NaN where there are none.
    """

    counts: np.ndarray
    confidence: np.ndarray
    accuracy: np.ndarray

    @property
    def edges(self) -> np.ndarray:
        """The bins' borders: float64 array of shape (bins + 1,), from 0 to 1."""
        return np.linspace(0, 1, len(self.counts) + 1)

    @property
    def error(self) -> float:
        """The expected calibration error: the mean gap between confidence and accuracy, in [0, 1]."""
        filled = self.counts > 0
        gaps = np.abs(self.accuracy[filled] - self.confidence[filled])
        return float(gaps @ self.counts[filled] / self.counts.sum())

    def as_dict(self) -> dict[str, Any]:
        """The bins that hold images, as JSON values."""
        return {
            "bins": len(self.counts),
            "filled": [
                {
                    "from": round(float(self.edges[i]), 6),
                    "to": round(float(self.edges[i + 1]), 6),
                    "count": int(self.counts[i]),
                    "confidence": float(self.confidence[i]),
                    "accuracy": float(self.accuracy[i]),
                }
                for i in np.flatnonzero(self.counts)
            ],
        }


def bin_numbers(confidence: np.ndarray, bins: int = BINS) -> np.ndarray:
    """The bin of each confidence: integers in [0, bins)."""
    inner = np.linspace(0, 1, bins + 1)[1:-1]
    return np.searchsorted(inner, confidence, side="left")


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> Reliability:
    """Sort images into bins by confidence.

    Args:
        confidence: float array of shape (n,), values in [0, 1].
        right: Boolean array of shape (n,): whether the most probable class is the right one.
        bins: How many.
    """
    number = bin_numbers(confidence, bins)
    counts = np.bincount(number, minlength=bins)
    filled = np.where(counts, counts, np.nan)
    return Reliability(
        counts,
        np.bincount(number, confidence, minlength=bins) / filled,
        np.bincount(number, right, minlength=bins) / filled,
    )
