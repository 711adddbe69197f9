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

    A hit is an image together with a label that it has; there are h of them, label by label in the order of scores.

    Args:
        order: int64 (labels, n): the places of the images.
        image: int64 (h,): the place of each hit's image.
        label: int64 (h,): its label.
        end: int64 (h,): where the run of equal scores ends that it is part of, in the flat `order`.
        last: int64 (h,): the last hit of that run.
    """

    order: np.ndarray
    image: np.ndarray
    label: np.ndarray
    end: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, scores: np.ndarray, truth: np.ndarray) -> RankedScores:
        """Sort each label's scores; see the module."""
        order = np.argsort(-scores.T, axis=1, kind="stable")
        ranked = np.take_along_axis(scores.T, order, axis=1)
        is_end = np.hstack([ranked[:, 1:] != ranked[:, :-1], np.ones((len(order), 1), bool)]).ravel()
        hits = np.flatnonzero(np.take_along_axis(truth.T, order, axis=1))
        ends = np.flatnonzero(is_end)
        end = ends[np.searchsorted(ends, hits)]
        return cls(order, order.ravel()[hits], hits // scores.shape[0], end, np.searchsorted(end, end, "right") - 1)

    def average_precisions(self, weights: np.ndarray | None = None) -> np.ndarray:
        """Mean precision over the ranks of the images that have a label: float64 (labels,), NaN where none has it.

        The sum over thresholds of precision times the rise of recall, without interpolation; equal scores are one
        threshold. This is scikit-learn's `average_precision_score`.
        """
        labels, n = self.order.shape
        each = np.ones(n) if weights is None else weights.astype(np.float64)
        own = each[self.image]
        above = each[self.order].cumsum(axis=1).ravel()[self.end]
        total = np.bincount(self.label, own, minlength=labels)
        before = total.cumsum() - total  # hits of the labels before
        hits = own.cumsum()[self.last] - before[self.label]
        found = np.bincount(self.label, own * hits / np.maximum(above, 1), minlength=labels)
        return np.divide(found, total, out=np.full(labels, np.nan), where=total > 0)


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
