"""How far figures would move on other images of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kerastl._metrics import LEVEL, log_losses, ranks
from kerastl.evaluation._metrics import brier_scores, reliability

RESAMPLES = 1000


@dataclass(frozen=True)
class PerImage:
    """What each image adds to the figures; arrays of shape (n,).

    Args:
        labels: The right classes, numbered from 0 without gaps among the classes that occur at all.
        predicted: The most probable classes, numbered likewise.
        rank: Of the right class, from 0.
        confidence: Probability of the most probable class.
        log_loss: In nats.
        brier: In [0, 2].
    """

    labels: np.ndarray
    predicted: np.ndarray
    rank: np.ndarray
    confidence: np.ndarray
    log_loss: np.ndarray
    brier: np.ndarray

    @classmethod
    def of(cls, probabilities: np.ndarray, labels: np.ndarray) -> PerImage:
        """Look at each image; arguments as in `kerastl.evaluation._metrics`."""
        predicted = probabilities.argmax(axis=1)
        together = np.unique(np.concatenate([labels, predicted]), return_inverse=True)[1]
        return cls(
            together[: len(labels)],
            together[len(labels) :],
            ranks(probabilities, labels),
            probabilities[np.arange(len(labels)), predicted].astype(np.float64),
            log_losses(probabilities, labels),
            brier_scores(probabilities, labels),
        )

    def take(self, indices: np.ndarray) -> PerImage:
        """Some of the images, or some of them several times."""
        return PerImage(
            self.labels[indices],
            self.predicted[indices],
            self.rank[indices],
            self.confidence[indices],
            self.log_loss[indices],
            self.brier[indices],
        )

    def figures(self, k: int, bins: int) -> dict[str, float]:
        """The figures that are means over images or classes, by name."""
        precision, recall, f1 = _macro(self.labels, self.predicted)
        return {
            "accuracy": float((self.rank == 0).mean()),
            "top_k_accuracy": float((self.rank < k).mean()),
            "macro_precision": precision,
            "macro_recall": recall,
            "macro_f1": f1,
            "log_loss": float(self.log_loss.mean()),
            "brier_score": float(self.brier.mean()),
            "calibration_error": reliability(self.confidence, self.rank == 0, bins).error,
        }


def intervals(
    images: PerImage, k: int, bins: int, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> Mapping[str, tuple[float, float]]:
    """Percentile bootstrap (Efron 1979) over images.

    The calibration error of a resample is larger on average, since fewer different images make every bin noisier; its
    interval is moved back by that bias, and cut off at 0.

    Args:
        images: What is resampled, as a whole: the figures of a resample belong together.
        k: Of the top-k accuracy.
        bins: Of the calibration error.
        resamples: How many.
        seed: Of the resampling.
        level: Fraction of the resamples inside an interval.

    Returns:
        Lower and upper end, by the figure's name.
    """
    random = np.random.default_rng(seed)
    n = len(images.labels)
    drawn = [images.take(random.integers(0, n, n)).figures(k, bins) for _ in range(resamples)]
    values = {name: np.array([figures[name] for figures in drawn]) for name in drawn[0]}
    errors = values["calibration_error"]
    values["calibration_error"] = np.maximum(errors - errors.mean() + images.figures(k, bins)["calibration_error"], 0)
    tails = [(1 - level) / 2, (1 + level) / 2]
    return {name: (float(low), float(high)) for name, row in values.items() for low, high in [np.quantile(row, tails)]}


def _macro(labels: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """Macro precision, recall and F1 over the classes in `labels`.

    scikit-learn's figures, counted here because a thousand calls of it take seconds.
    """
    classes = int(max(labels.max(), predicted.max())) + 1
    support = np.bincount(labels, minlength=classes)
    called = np.bincount(predicted, minlength=classes)
    hits = np.bincount(labels[labels == predicted], minlength=classes)
    present = support > 0
    support, called, hits = support[present], called[present], hits[present]
    precision = hits / np.maximum(called, 1)
    return float(precision.mean()), float((hits / support).mean()), float((2 * hits / (support + called)).mean())
