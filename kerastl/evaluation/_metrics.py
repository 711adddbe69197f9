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
        share: `count` as a fraction of the images of `label`.
    """

    label: str
    predicted: str
    count: int
    share: float


@dataclass(frozen=True)
class ConfusionMatrix:
    """What was taken for what.

    Args:
        classes: Places in the model's output of the classes that occur as right or as given answers, ascending.
        counts: int64 array of shape (len(classes), len(classes)): a row a right class, a column a given one.
    """

    classes: np.ndarray
    counts: np.ndarray


def ranks(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Where the right class stands among the classes, from the most probable down.

    Equal probabilities stand in the order of their index, as in `kerastl.models._labels.top_k`. scikit-learn's
    `top_k_accuracy_score` orders them the other way round, which would contradict the predictions.

    Returns:
        Integer array of shape (n,), 0 for the most probable class.
    """
    own = probabilities[np.arange(len(labels)), labels][:, None]
    before = np.arange(probabilities.shape[1]) < labels[:, None]
    return ((probabilities > own) | ((probabilities == own) & before)).sum(axis=1)


def log_losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Cross entropy of each image in nats: float64 array of shape (n,).

    Their mean is scikit-learn's `log_loss`. As there, a probability of 0 counts as the smallest step of the floating
    point numbers that it came in.
    """
    own = probabilities[np.arange(len(labels)), labels]
    return -np.log(np.clip(own, np.finfo(probabilities.dtype).eps, 1).astype(np.float64))


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
    from sklearn.metrics import precision_recall_fscore_support

    present = np.unique(labels)
    columns = precision_recall_fscore_support(labels, predicted, labels=present, zero_division=0)
    return tuple(
        ClassScores(names[index], int(index), float(precision), float(recall), float(f1), int(support))
        for index, precision, recall, f1, support in zip(present, *columns, strict=True)
    )


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray) -> ConfusionMatrix:
    """Count what was taken for what; arguments as for `class_scores`."""
    from sklearn.metrics import confusion_matrix as count

    classes = np.union1d(labels, predicted)
    if len(classes) == 1:  # which scikit-learn warns of
        return ConfusionMatrix(classes, np.array([[len(labels)]]))
    return ConfusionMatrix(classes, count(labels, predicted, labels=classes))


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
