"""What an evaluation of a model that gives each image a set of labels found, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastl.calibration._thresholds import Thresholds, thresholded, values_of
from kerastl.evaluation._answered import Answered
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._metrics import BINS, Reliability, reliability
from kerastl.evaluation._multilabel_metrics import (
    LabeledScores,
    LabelScores,
    Pair,
    PrecisionRecall,
    label_scores,
    pairs,
    precision_recall,
)
from kerastl.models._labels import Prediction
from kerastl.tasks._task import MULTILABEL

if TYPE_CHECKING:
    from typing_extensions import Self

FIGURES = {
    "mean_average_precision": "mean average precision",
    "macro_precision": "macro precision",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    "micro_precision": "micro precision",
    "micro_recall": "micro recall",
    "micro_f1": "micro F1",
    "subset_accuracy": "subset accuracy",
    "hamming_loss": "Hamming loss",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}
# Pairs of labels that JSON holds.
_PAIRS = 100


@dataclass(frozen=True, slots=True)
class LabelSetAnswer:
    """Which labels a model gave one image.

    Args:
        path: The image, relative to the data set's root.
        labels: The labels it has, in the order of the model.
        predictions: Those it was given, likewise, each with its score.
        right: Whether they are the same.

    Example:
        >>> from kerastl.evaluation import LabelSetAnswer
        >>> LabelSetAnswer("a.jpg", ("cat",), (), right=False).labels
        ('cat',)
    """

    path: str
    labels: tuple[str, ...]
    predictions: tuple[Prediction, ...]
    right: bool


@dataclass(frozen=True, slots=True)
class LabelMistake:
    """One label that an image was given wrongly, or not given.

    Args:
        path: The image, relative to the data set's root.
        label: The label.
        index: Its place in the model's output.
        score: Its score.
        missed: Whether the image has the label; else it was given it wrongly.

    Example:
        >>> from kerastl.evaluation import LabelMistake
        >>> LabelMistake("a.jpg", "cat", 0, 0.02, missed=True).confidence
        0.98
    """

    path: str
    label: str
    index: int
    score: float
    missed: bool

    @property
    def confidence(self) -> float:
        """How sure the model was of what is wrong, in [0, 1]."""
        return 1 - self.score if self.missed else self.score


@dataclass(frozen=True, eq=False, repr=False)
class MultilabelEvaluation(BaseEvaluation):
    """How a model that gives sets of labels does on labeled images.

    What is a mean over labels, such as the mean average precision, goes over the labels that some image has; `missing`
    names the others.

    Args:
        model: As for `Evaluation`, like those that are not explained here.
        data: The folder.
        split: Which part of it.
        labels: The model's labels.
        paths: The images, relative to `data`.
        truth: Which labels they have: bool array of shape (n, labels).
        probabilities: float32 array of shape (n, labels), each in [0, 1] by itself.
        thresholds: From which score on an image is given a label, one a label.
        aim: What the thresholds were chosen for, such as `f1`; empty if unknown.
        bins: Of the calibration error, which is the mean over the labels.
        unknown: Images that have a label which the model does not know, by label; the label does not count.

    Example:
        >>> import numpy as np
        >>> from kerastl.evaluation import MultilabelEvaluation
        >>> from kerastl.models import LabelSet
        >>> truth = np.array([[True, False], [True, True]])
        >>> scores = np.array([[0.9, 0.6], [0.8, 0.7]], "float32")
        >>> labels, paths = LabelSet(("cat", "dog")), ("a.jpg", "b.jpg")
        >>> found = MultilabelEvaluation("model", "data", "val", labels, paths, truth, scores, (0.5, 0.5))
        >>> found.mean_average_precision, round(found.figures["micro_f1"].value, 3)
        (1.0, 0.857)
    """

    task: ClassVar[str] = MULTILABEL
    names: ClassVar[Mapping[str, str]] = FIGURES
    fractions: ClassVar[frozenset[str]] = frozenset(FIGURES) - {"log_loss"}

    truth: np.ndarray
    probabilities: np.ndarray
    thresholds: tuple[float, ...]
    aim: str = ""
    bins: int = BINS

    @classmethod
    def of(cls, answered: Answered) -> Self:
        """Take the scores that a model gave."""
        stored = Thresholds.read(answered.classifier.metadata)
        return cls(
            **answered.shared(),
            truth=answered.images.truth(answered.items),
            probabilities=answered.outputs,
            thresholds=values_of(answered.classifier.metadata),
            aim="" if stored is None else stored.aim,
        )

    @cached_property
    def _images(self) -> LabeledScores:
        return LabeledScores.of(self.probabilities, self.truth, self.given, self.bins)

    @cached_property
    def given(self) -> np.ndarray:
        """Which labels each image is given: bool array of shape (n, labels)."""
        return thresholded(self.probabilities, self.thresholds)

    @cached_property
    def right(self) -> np.ndarray:
        """Boolean array of shape (n,): whether an image is given all of its labels and no other."""
        return (self.given == self.truth).all(axis=1)

    @property
    def mean_average_precision(self) -> float:
        """Mean over the labels that some image has; NaN where no image has any."""
        return self._images.figures()["mean_average_precision"]

    @property
    def headline(self) -> str:
        """The mean average precision in words."""
        return f"mean average precision {self.shown('mean_average_precision', self.mean_average_precision)}"

    def more_notes(self) -> Iterator[str]:
        """What the thresholds are for."""
        if self.aim:
            yield f"labels are given from thresholds on that were chosen for {self.aim}"

    @cached_property
    def classes(self) -> tuple[LabelScores, ...]:
        """How well each label is found that some image has."""
        return label_scores(self._images, self.labels.names, self.thresholds)

    @cached_property
    def pairs(self) -> tuple[Pair, ...]:
        """Labels that stand together, those first where truth and answers differ most."""
        return pairs(self.truth, self.given, self.labels.names)

    @cached_property
    def reliability(self) -> Reliability:
        """Scores against how often they are right, all labels together, in bins."""
        return reliability(self.probabilities.ravel().astype(np.float64), self.truth.ravel(), self.bins)

    def curve(self, scores: LabelScores) -> PrecisionRecall:
        """Precision against recall of one label of `classes`."""
        return precision_recall(self.probabilities[:, scores.index], self.truth[:, scores.index], scores)

    def answers(self) -> Iterator[LabelSetAnswer]:
        """What the model said of each image, in the order of `paths`."""
        return (self._answer(index) for index in range(len(self)))

    def _answer(self, row: int) -> LabelSetAnswer:
        names = self.labels.names
        given = tuple(
            Prediction(names[place], float(self.probabilities[row, place]), int(place))
            for place in np.flatnonzero(self.given[row])
        )
        labels = tuple(names[place] for place in np.flatnonzero(self.truth[row]))
        return LabelSetAnswer(self.paths[row], labels, given, bool(self.right[row]))

    def mistakes(self, most: int | None = None, label: str | int | None = None) -> list[LabelMistake]:
        """Labels that were given wrongly or not given, the most confident first.

        Args:
            most: How many at most; all if `None`.
            label: Only of this one, by name or place.
        """
        wrong = self.given != self.truth
        if label is not None:
            wrong &= np.arange(len(self.labels)) == self.labels.find(label)
        rows, columns = np.nonzero(wrong)
        score, missed = self.probabilities[rows, columns], self.truth[rows, columns]
        order = np.argsort(-np.where(missed, 1 - score, score), kind="stable")[:most]
        return [
            LabelMistake(
                self.paths[rows[n]],
                self.labels.names[columns[n]],
                int(columns[n]),
                float(score[n]),
                bool(missed[n]),
            )
            for n in order
        ]

    def _details(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "metrics": self._figures_as_dict(),
            "threshold_aim": self.aim,
            "classes": [asdict(scores) for scores in self.classes],
            "co_occurrence": [asdict(pair) for pair in self.pairs[:_PAIRS]],
            "reliability": self.reliability.as_dict(),
        }
