"""What an evaluation of a model that gives one class found, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastl._base.text import percent
from kerastl.calibration import _temperature as temperature
from kerastl.evaluation import _bootstrap as bootstrap
from kerastl.evaluation import _metrics as metrics
from kerastl.evaluation._answered import Answered
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._metrics import BINS, ClassScores, Confused, ConfusionMatrix, Reliability, reliability
from kerastl.evaluation._robustness import Robustness
from kerastl.evaluation._tree import TreeScores, tree_scores
from kerastl.models._hierarchy import Hierarchy
from kerastl.models._labels import Prediction, decode
from kerastl.tasks._task import CLASSIFICATION

if TYPE_CHECKING:
    from typing_extensions import Self

# Figures in the order in which people read them, with what they are called in text.
FIGURES = {
    "accuracy": "accuracy",
    "top_k_accuracy": "top-{k} accuracy",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    "log_loss": "log loss",
    "brier_score": "Brier score",
    "calibration_error": "calibration error",
}
# Fractions of images, which read best as per cent.
FRACTIONS = frozenset(FIGURES) - {"log_loss", "brier_score"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said of one labeled image.

    Args:
        path: The image, relative to the data set's root.
        label: Its class.
        predictions: The best classes, best first.
        right: Whether the best is the right one.
        label_score: The probability of the right class.
        rank: Where the right class stands, from 1.

    Example:
        >>> import kerastl
        >>> images = [("data/umbrella.png", "umbrella"), ("data/soccer_ball.jpg", "orange")]
        >>> worst = kerastl.evaluate("kerastl_mini", images).mistakes(1)[0]
        >>> worst.path, worst.label, worst.right
        ('data/soccer_ball.jpg', 'orange', False)
    """

    path: str
    label: str
    predictions: tuple[Prediction, ...]
    right: bool
    label_score: float
    rank: int


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(BaseEvaluation):
    """How a model does on labeled images.

    Args:
        model: The model's name.
        data: The folder.
        split: Which part of it: `train`, `val`, `test` or `all`.
        labels: The model's classes.
        paths: The images, relative to `data`.
        truth: Their classes: int64 array of shape (n,), places in `labels`.
        probabilities: float32 array of shape (n, classes).
        k: Of the top-k accuracy and of the classes that answers show.
        unknown: Images of classes that the model does not know, by class; they are left out.
        matching: The data's classes among the model's.
        failed: Images that could not be read, and why; they are left out.
        notes: What else to know, one line each.
        temperature: What `kerastl calibrate` has scaled the probabilities with; 1 where it has not.
        robustness: Accuracy under corruptions, where that was asked for.
        rejection: How images of other things are told apart, where that was asked for.
        bins: Of the calibration error.
        hierarchy: The tree of the model's classes, if they have one.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
        classifier: What was evaluated, if it is still at hand; pickles go without it.
        dataset: What the images were chosen from, likewise.
        leave_one_out: Whether each image was answered by a head that was solved without it, as a run keeps such
            answers; the model itself was trained on all of them.

    Example:
        >>> import kerastl
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> images.append(("data/soccer_ball.jpg", "orange"))
        >>> evaluation = kerastl.evaluate("kerastl_mini", images)
        >>> round(evaluation.accuracy, 3)
        0.667
        >>> [(answer.label, answer.rank) for answer in evaluation.mistakes(1)]
        [('orange', 181)]
    """

    task: ClassVar[str] = CLASSIFICATION
    names: ClassVar[Mapping[str, str]] = FIGURES
    fractions: ClassVar[frozenset[str]] = FRACTIONS

    truth: np.ndarray
    probabilities: np.ndarray
    k: int = 5
    temperature: float = 1.0
    robustness: Robustness | None = None
    bins: int = BINS
    hierarchy: Hierarchy | None = None

    @classmethod
    def of(cls, answered: Answered) -> Self:
        """Take the probabilities that a model gave."""
        return cls(
            **answered.shared(),
            truth=answered.images.truth(answered.items),
            probabilities=answered.outputs,
            k=min(answered.top, len(answered.classifier.labels)),
            temperature=temperature.of(answered.classifier.metadata),
            robustness=answered.robustness,
            hierarchy=answered.classifier.metadata.hierarchy,
        )

    @cached_property
    def _each(self) -> bootstrap.PerImage:
        return bootstrap.PerImage.of(self.probabilities, self.truth, self.k, self.bins)

    @property
    def _images(self) -> bootstrap.Resampled:
        return self._each

    @cached_property
    def predicted(self) -> np.ndarray:
        """The most probable classes: int64 array of shape (n,)."""
        return self.probabilities.argmax(axis=1)

    @cached_property
    def right(self) -> np.ndarray:
        """Boolean array of shape (n,): whether the most probable class is the right one."""
        return self.predicted == self.truth

    @property
    def accuracy(self) -> float:
        """Fraction of the images whose most probable class is the right one."""
        return float(self.right.mean())

    @cached_property
    def classes(self) -> tuple[ClassScores, ...]:
        """Precision, recall and F1 of each class that has images."""
        return metrics.class_scores(self.predicted, self.truth, self.labels.names)

    @cached_property
    def confusion(self) -> ConfusionMatrix:
        """What was taken for what."""
        return metrics.confusion_matrix(self.predicted, self.truth)

    @cached_property
    def confused(self) -> tuple[Confused, ...]:
        """The kinds of mistakes, the most frequent first."""
        return metrics.most_confused(self.confusion, self.labels.names)

    @cached_property
    def reliability(self) -> Reliability:
        """Confidence against accuracy, in bins."""
        return reliability(self.probabilities.max(axis=1).astype(np.float64), self.right, self.bins)

    @cached_property
    def reliability_before(self) -> Reliability:
        """The same for the probabilities before the temperature."""
        own = temperature.undo(self.probabilities, self.temperature)
        return reliability(own.max(axis=1).astype(np.float64), self.right, self.bins)

    @cached_property
    def tree(self) -> TreeScores | None:
        """How good answers are at each level of the tree of classes, and where it is gone down as far as is sure."""
        return None if self.hierarchy is None else tree_scores(self.hierarchy, self.probabilities, self.truth)

    def answers(self) -> Iterator[Answer]:
        """What the model said of each image, in the order of `paths`."""
        return (self._answer(index) for index in range(len(self)))

    def mistakes(self, most: int | None = None) -> list[Answer]:
        """The wrong answers, the most confident first.

        Args:
            most: How many at most; all if `None`.
        """
        wrong = np.flatnonzero(~self.right)
        order = np.argsort(-self.probabilities.max(axis=1)[wrong], kind="stable")
        return [self._answer(int(index)) for index in wrong[order][:most]]

    def _answer(self, index: int) -> Answer:
        truth = int(self.truth[index])
        return Answer(
            self.paths[index],
            self.labels.names[truth],
            decode(self.probabilities[index : index + 1], self.labels, self.k)[0],
            bool(self._each.rank[index] == 0),
            float(self.probabilities[index, truth]),
            int(self._each.rank[index]) + 1,
        )

    @property
    def headline(self) -> str:
        """The accuracy in words."""
        return f"{percent(self.accuracy)} right"

    def more_notes(self) -> Iterator[str]:
        """What the temperature has changed."""
        if self.temperature != 1:
            yield (
                f"scores are scaled with the temperature {self.temperature:.3f}; without it the calibration error is "
                f"{percent(self.reliability_before.error)}"
            )

    def _figure_name(self, name: str) -> str:
        if name == "top_k_accuracy" and not 1 < self.k < len(self.labels):
            return ""
        return self.names[name].format(k=self.k)

    def _details(self) -> dict[str, Any]:
        return {
            "k": self.k,
            "metrics": self._figures_as_dict(),
            "classes": [
                {"label": c.label, "index": c.index, "precision": c.precision, "recall": c.recall, "f1": c.f1,
                 "support": c.support}
                for c in self.classes
            ],
            "confusion": metrics.as_rows(self.confusion, self.labels.names),
            "most_confused": [
                {"label": c.label, "predicted": c.predicted, "count": c.count, "share": c.fraction}
                for c in self.confused[:20]
            ],
            "reliability": self.reliability.as_dict(),
            "temperature": self.temperature,
            "reliability_before_temperature": self.reliability_before.as_dict(),
            "calibration_error_before_temperature": self.reliability_before.error,
            "robustness": None if self.robustness is None else self.robustness.as_dict(),
            "tree": None if self.tree is None else self.tree.as_dict(),
        }  # fmt: skip
