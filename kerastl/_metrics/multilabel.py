"""How good answers are that give each image a set of labels.

Throughout, `scores` is a float array of shape (n, labels), `truth` and `given` are Boolean arrays of that shape: which
labels an image has, and which ones it is given. `weights`, of shape (n,), says how often each image counts; `None`
means once. A label that no image has says nothing about recall: it is left out of what is averaged over the labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RankedScores:
    """Scores in the order of each label, from the highest down, so that many weightings need no sorting.

    Args:
        order: int64 (n, labels): the places of the images in `scores`, a column a label.
        hits: bool (n, labels): in that order, whether the image has the label.
        ends: int64 (n, labels): where the run of equal scores ends that a row is part of.
    """

    order: np.ndarray
    hits: np.ndarray
    ends: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, truth: np.ndarray) -> RankedScores:
        """Sort each label's scores; see the module."""
        order = np.argsort(-scores, axis=0, kind="stable")
        ranked = np.take_along_axis(scores, order, axis=0)
        places = np.arange(len(scores))[:, None]
        last = np.vstack([ranked[1:] != ranked[:-1], np.ones((1, scores.shape[1]), bool)])
        # The next place from here on where a run ends: the smallest of those behind.
        ends = np.minimum.accumulate(np.where(last, places, len(scores))[::-1], axis=0)[::-1]
        return cls(order, np.take_along_axis(truth, order, axis=0), ends)

    def average_precisions(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Mean precision over the ranks of the images that have a label: float64 (labels,), NaN where none has it.

        The sum over thresholds of precision times the rise of recall, without interpolation; equal scores are one
        threshold. This is scikit-learn's `average_precision_score`.
        """
        counts = np.ones(self.order.shape) if weights is None else weights.astype(np.float64)[self.order]
        above, hits = counts.cumsum(axis=0), counts * self.hits
        precision = hits.cumsum(axis=0) / np.maximum(above, 1)
        total = hits.sum(axis=0)
        found = (hits * np.take_along_axis(precision, self.ends, axis=0)).sum(axis=0)
        return np.divide(found, total, out=np.full(len(total), np.nan), where=total > 0)


def average_precisions(scores: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Average precision of each label, see `RankedScores.average_precisions`."""
    return RankedScores.of(scores, truth).average_precisions(weights)


def mean_average_precision(scores: np.ndarray, truth: np.ndarray) -> float:
    """Mean of the average precisions over the labels that some image has; NaN where no image has any label."""
    return mean_of_known(average_precisions(scores, truth))


def mean_of_known(values: np.ndarray) -> float:
    """Mean of those that are numbers; NaN where there are none."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")


@dataclass(frozen=True)
class LabelCounts:
    """How often each label is given rightly and wrongly; float64 arrays of shape (labels,).

    Args:
        hits: Images that have the label and are given it.
        given: Images that are given it.
        support: Images that have it.
    """

    hits: np.ndarray
    given: np.ndarray
    support: np.ndarray

    @classmethod
    def of(cls, given: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> LabelCounts:
        """Count; see the module."""
        each = np.ones(len(truth)) if weights is None else weights.astype(np.float64)
        return cls(each @ (given & truth), each @ given, each @ truth)

    @property
    def precision(self) -> np.ndarray:
        """Fraction of the images given a label that have it; 0 where none is given it."""
        return self.hits / np.maximum(self.given, 1)

    @property
    def recall(self) -> np.ndarray:
        """Fraction of the images with a label that are given it; 0 where none has it."""
        return self.hits / np.maximum(self.support, 1)

    @property
    def f1(self) -> np.ndarray:
        """Harmonic mean of the two; 0 where none has the label or is given it."""
        return 2 * self.hits / np.maximum(self.given + self.support, 1)

    def micro(self) -> LabelCounts:
        """All labels taken together, as one."""
        return LabelCounts(*(np.array([each.sum()]) for each in (self.hits, self.given, self.support)))

    def macro(self) -> tuple[float, float, float]:
        """Precision, recall and F1, each a mean over the labels that some image has; NaN where there are none."""
        present = self.support > 0
        both = (self.precision, self.recall, self.f1)
        means = (float(each[present].mean()) if present.any() else float("nan") for each in both)
        precision, recall, f1 = means
        return precision, recall, f1


def log_losses(scores: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Binary cross entropy in nats of each label of each image: float64 (n, labels); a score of 0 counts as 1.2e-7."""
    own = np.where(truth, scores, 1 - scores)
    return -np.log(np.clip(own.astype(np.float64), np.finfo(np.float32).eps, 1))


def co_occurrence(sets: np.ndarray) -> np.ndarray:
    """How often two labels stand together.

    Args:
        sets: Boolean (n, labels).

    Returns:
        int64 (labels, labels), symmetric; on the diagonal how often each label stands at all.
    """
    # Products of float64 use the fast routines, and are exact up to 2**53.
    values = sets.astype(np.float64)
    return (values.T @ values).astype(np.int64)
