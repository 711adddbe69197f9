"""How far figures would move on other images of the same kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Protocol, TypeVar

import numpy as np

from kerastl._metrics import LEVEL, log_losses, ranks
from kerastl.evaluation._metrics import BINS, brier_scores, reliability

RESAMPLES = 1000
# Larger in a resample on average, since fewer different images make every bin noisier.
_NOISY = frozenset({"calibration_error"})
_Some = TypeVar("_Some", bound="Resampled")


class Resampled(Protocol):
    """What each image adds to the figures of a task."""

    def __len__(self) -> int:
        """How many images."""

    def take(self: _Some, indices: np.ndarray) -> _Some:
        """Some of the images, or some of them several times."""

    def figures(self) -> dict[str, float]:
        """The figures by name; NaN where these images do not tell."""


@dataclass(frozen=True)
class PerImage:
    """What each image adds to the figures of classes; arrays of shape (n,).

    Args:
        labels: The right classes, numbered from 0 without gaps among the classes that occur at all.
        predicted: The most probable classes, numbered likewise.
        rank: Of the right class, from 0.
        confidence: Probability of the most probable class.
        log_loss: In nats.
        brier: In [0, 2].
        k: Of the top-k accuracy.
        bins: Of the calibration error.
    """

    labels: np.ndarray
    predicted: np.ndarray
    rank: np.ndarray
    confidence: np.ndarray
    log_loss: np.ndarray
    brier: np.ndarray
    k: int = 5
    bins: int = BINS

    @classmethod
    def of(cls, probabilities: np.ndarray, labels: np.ndarray, k: int = 5, bins: int = BINS) -> PerImage:
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
            k,
            bins,
        )

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> PerImage:
        """Some of the images, or some of them several times."""
        return taken(self, indices)

    def figures(self) -> dict[str, float]:
        """The figures that are means over images or classes, by name."""
        precision, recall, f1 = _macro(self.labels, self.predicted)
        return {
            "accuracy": float((self.rank == 0).mean()),
            "top_k_accuracy": float((self.rank < self.k).mean()),
            "macro_precision": precision,
            "macro_recall": recall,
            "macro_f1": f1,
            "log_loss": float(self.log_loss.mean()),
            "brier_score": float(self.brier.mean()),
            "calibration_error": reliability(self.confidence, self.rank == 0, self.bins).error,
        }


_Arrays = TypeVar("_Arrays", bound=Any)


def taken(images: _Arrays, indices: np.ndarray) -> _Arrays:
    """A dataclass with each of its arrays at `indices` of the first axis."""
    values = {one.name: getattr(images, one.name) for one in fields(images)}
    return replace(images, **{name: value[indices] for name, value in values.items() if isinstance(value, np.ndarray)})


def intervals(
    images: Resampled, resamples: int = RESAMPLES, seed: int = 0, level: float = LEVEL
) -> Mapping[str, tuple[float, float]]:
    """Percentile bootstrap (Efron 1979) over images.

    The calibration error of a resample is larger on average, since fewer different images make every bin noisier; its
    interval is moved back by that bias, and cut off at 0.

    Args:
        images: What is resampled, as a whole: the figures of a resample belong together.
        resamples: How many.
        seed: Of the resampling.
        level: Fraction of the resamples inside an interval.

    Returns:
        Lower and upper end, by the figure's name; NaN where no resample tells.
    """
    random = np.random.default_rng(seed)
    n = len(images)
    drawn = [images.take(random.integers(0, n, n)).figures() for _ in range(resamples)]
    values = {name: np.array([figures[name] for figures in drawn]) for name in drawn[0]}
    for name in _NOISY & set(values):
        own = values[name]
        values[name] = np.maximum(own - own.mean() + images.figures()[name], 0)
    return {name: _ends(row[~np.isnan(row)], level) for name, row in values.items()}


def _ends(values: np.ndarray, level: float) -> tuple[float, float]:
    if not len(values):
        return float("nan"), float("nan")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


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
