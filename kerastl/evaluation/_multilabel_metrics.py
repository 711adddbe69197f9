"""What tells how good answers are that give each image a set of labels: figures, labels, mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from kerastl._metrics import multilabel
from kerastl._metrics.multilabel import LabelCounts, RankedScores, mean_of_known
from kerastl.evaluation._metrics import BINS, bin_numbers


@dataclass(frozen=True, slots=True)
class LabelScores:
    """How well one label is found.

    Args:
        label: Its name.
        index: Its place in the model's output.
        average_precision: Mean precision over the ranks of the images that have it.
        precision: Fraction of the images given it that have it; 0 where none is given it.
        recall: Fraction of the images with it that are given it.
        f1: Harmonic mean of the two.
        threshold: The score from which on an image is given it.
        support: Images that have it.
        given: Images that are given it.
        calibration_error: Mean gap between its scores and how often they are right, in bins.

    Example:
        >>> from kerastl.evaluation import LabelScores
        >>> LabelScores("cat", 0, 0.95, 0.9, 0.8, 0.847, 0.4, 10, 9, 0.03).support
        10
    """

    label: str
    index: int
    average_precision: float
    precision: float
    recall: float
    f1: float
    threshold: float
    support: int
    given: int
    calibration_error: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two labels that stand together.

    Args:
        labels: Their names.
        true: Images that have both.
        given: Images that are given both.
    """

    labels: tuple[str, str]
    true: int
    given: int


@dataclass(frozen=True)
class LabeledScores:
    """What each image adds to the figures.

    Args:
        ranked: The scores in their order.
        truth: bool (n, labels): which labels an image has.
        given: bool (n, labels): which ones it is given.
        log_loss: float64 (n,): the mean over the labels, in nats.
        gaps: float64 (n, labels): 1 for a label that an image has, else 0, minus the score.
        bin_of: int64 (n, labels): the bin of each score, counted through all labels.
        weights: float64 (n,): how often each image counts.
        bins: Of the calibration error.
    """

    ranked: RankedScores
    truth: np.ndarray
    given: np.ndarray
    log_loss: np.ndarray
    gaps: np.ndarray
    bin_of: np.ndarray
    weights: np.ndarray
    bins: int

    @classmethod
    def of(cls, scores: np.ndarray, truth: np.ndarray, given: np.ndarray, bins: int = BINS) -> LabeledScores:
        """Look at each image once; arguments as in `kerastl._metrics.multilabel`."""
        labels = np.arange(truth.shape[1])
        return cls(
            RankedScores.of(scores, truth),
            truth,
            given,
            multilabel.log_losses(scores, truth).mean(axis=1),
            truth - scores.astype(np.float64),
            bin_numbers(scores, bins) + bins * labels,
            np.ones(len(scores)),
            bins,
        )

    def __len__(self) -> int:
        return len(self.weights)

    def take(self, indices: np.ndarray) -> LabeledScores:
        """Some of the images, or some of them several times."""
        return replace(self, weights=np.bincount(indices, minlength=len(self)).astype(np.float64))

    def calibration_errors(self) -> np.ndarray:
        """Mean gap between scores and how often they are right, of each label: float64 (labels,), in [0, 1]."""
        labels = self.truth.shape[1]
        gaps = np.bincount(
            self.bin_of.ravel(), (self.gaps * self.weights[:, None]).ravel(), minlength=labels * self.bins
        )
        return np.abs(gaps).reshape(labels, self.bins).sum(axis=1) / self.weights.sum()

    def figures(self) -> dict[str, float]:
        """The figures by name; what is a mean over labels goes over those that some image has."""
        counts = LabelCounts.of(self.given, self.truth, self.weights)
        micro, macro = counts.micro(), counts.macro()
        wrong = self.given != self.truth
        total = self.weights.sum()
        return {
            "mean_average_precision": mean_of_known(self.ranked.average_precisions(self.weights)),
            "macro_precision": macro[0],
            "macro_recall": macro[1],
            "macro_f1": macro[2],
            "micro_precision": float(micro.precision[0]),
            "micro_recall": float(micro.recall[0]),
            "micro_f1": float(micro.f1[0]),
            "subset_accuracy": float(self.weights @ ~wrong.any(axis=1) / total),
            "hamming_loss": float(self.weights @ wrong.mean(axis=1) / total),
            "log_loss": float(self.weights @ self.log_loss / total),
            "calibration_error": float(self.calibration_errors().mean()),
        }


def label_scores(images: LabeledScores, names: Sequence[str], thresholds: Sequence[float]) -> tuple[LabelScores, ...]:
    """How well each label is found that some image has, in the order of the model."""
    counts = LabelCounts.of(images.given, images.truth)
    precisions, errors = images.ranked.average_precisions(), images.calibration_errors()
    return tuple(
        LabelScores(
            names[index], index, float(precisions[index]), float(counts.precision[index]),
            float(counts.recall[index]), float(counts.f1[index]), float(thresholds[index]),
            int(counts.support[index]), int(counts.given[index]), float(errors[index]),
        )
        for index in np.flatnonzero(counts.support).tolist()
    )  # fmt: skip


def pairs(truth: np.ndarray, given: np.ndarray, names: Sequence[str]) -> tuple[Pair, ...]:
    """The pairs of labels that stand together in truth or in answers, those with the largest difference first.

    Of equal differences the more frequent pair stands first, then the one earlier in the model.
    """
    true, said = multilabel.co_occurrence(truth), multilabel.co_occurrence(given)
    places = np.argwhere(np.triu(true + said, 1)).tolist()
    found = [Pair((names[i], names[j]), int(true[i, j]), int(said[i, j])) for i, j in places]
    return tuple(sorted(found, key=lambda pair: (-abs(pair.true - pair.given), -pair.true)))


@dataclass(frozen=True, slots=True)
class PrecisionRecall:
    """Precision against recall of one label, from its highest threshold to its lowest.

    Args:
        label: Its name.
        recall: float64 (m,), rising.
        precision: float64 (m,).
        average_precision: The area under it.
        at: Recall and precision at the label's threshold.
    """

    label: str
    recall: np.ndarray
    precision: np.ndarray
    average_precision: float
    at: tuple[float, float]


def precision_recall(scores: np.ndarray, truth: np.ndarray, found: LabelScores) -> PrecisionRecall:
    """The curve of one label; `scores` and `truth` of shape (n,)."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(truth, scores)
    return PrecisionRecall(
        found.label, recall[::-1], precision[::-1], found.average_precision, (found.recall, found.precision)
    )
