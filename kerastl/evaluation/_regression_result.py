"""What an evaluation of a model that predicts a number found, as one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from kerastl._base.text import measured, percent, printable
from kerastl._metrics.regression import QuantileErrors, errors, errors_by_quantile
from kerastl.calibration import _intervals as intervals
from kerastl.evaluation._answered import Answered
from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._bootstrap import taken
from kerastl.tasks._task import REGRESSION

if TYPE_CHECKING:
    from typing_extensions import Self

FIGURES = {
    "mean_absolute_error": "mean absolute error",
    "root_mean_squared_error": "root mean squared error",
    "median_absolute_error": "median absolute error",
    "r_squared": "R²",
    "bias": "bias",
    "coverage": "coverage of intervals",
    "interval_width": "width of intervals",
}


@dataclass(frozen=True, slots=True)
class NumberAnswer:
    """What number a model gave one image.

    Args:
        path: The image, relative to the data set's root.
        truth: The right number.
        predicted: The one it gave.
        low: Lower end of its interval; NaN where the model has none.
        high: Upper end.

    Example:
        >>> from kerastl.evaluation import NumberAnswer
        >>> NumberAnswer("a.jpg", 3.0, 2.5, 2.0, 4.0).error
        -0.5
    """

    path: str
    truth: float
    predicted: float
    low: float
    high: float

    @property
    def error(self) -> float:
        """Predicted minus right number."""
        return self.predicted - self.truth

    @property
    def inside(self) -> bool:
        """Whether the interval holds the right number."""
        return self.low <= self.truth <= self.high


@dataclass(frozen=True)
class PerNumber:
    """What each image adds to the figures; float64 arrays of shape (n,).

    Args:
        predicted: The numbers that were given.
        truth: The right ones.
        half_width: Of the intervals around the predicted ones; NaN where there are none.
    """

    predicted: np.ndarray
    truth: np.ndarray
    half_width: np.ndarray

    def __len__(self) -> int:
        return len(self.truth)

    def take(self, indices: np.ndarray) -> PerNumber:
        """Some of the images, or some of them several times."""
        return taken(self, indices)

    def figures(self) -> dict[str, float]:
        """The figures by name; those of intervals only where there are such."""
        found = errors(self.predicted, self.truth)
        off = self.predicted - self.truth
        found["bias"] = float(off.mean())
        if not np.isnan(self.half_width).any():
            found["coverage"] = float((np.abs(off) <= self.half_width).mean())
            found["interval_width"] = float(2 * self.half_width.mean())
        return found


@dataclass(frozen=True, eq=False, repr=False)
class RegressionEvaluation(BaseEvaluation):
    """How a model that predicts a number does on images whose number is known.

    Args:
        model: As for `Evaluation`, like those that are not explained here.
        data: The table.
        split: Which part of it.
        labels: One name: what the number is.
        paths: The images, relative to `data`.
        truth: The right numbers: float64 array of shape (n,).
        predicted: Those that the model gave: float64 array of shape (n,), in the same unit.
        half_width: Of the interval around a predicted number; None where the model has no intervals.
        level: How often such an interval is to hold the right number.

    Example:
        >>> import numpy as np
        >>> from kerastl.evaluation import RegressionEvaluation
        >>> from kerastl.models import LabelSet
        >>> truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
        >>> found = RegressionEvaluation("model", "data", "val", LabelSet(("age",)), ("a", "b", "c"), truth, predicted)
        >>> found.mean_absolute_error
        0.5
    """

    task: ClassVar[str] = REGRESSION
    names: ClassVar[Mapping[str, str]] = FIGURES
    fractions: ClassVar[frozenset[str]] = frozenset({"coverage"})

    truth: np.ndarray
    predicted: np.ndarray
    half_width: float | None = None
    level: float = 0.0

    @classmethod
    def of(cls, answered: Answered) -> Self:
        """Take the numbers that a model gave."""
        level, half_width = intervals.of(answered.classifier.metadata) or (0.0, None)
        known, target = answered.images.dataset.classes[0], answered.classifier.labels.names[0]
        shared = answered.shared()
        if known != target:
            note = f"the model tells '{printable(target)}', and is compared with '{printable(known)}'"
            shared["notes"] = (*answered.notes, note)
        return cls(
            **shared,
            truth=answered.images.truth(answered.items).astype(np.float64),
            predicted=answered.outputs[:, 0].astype(np.float64),
            half_width=half_width,
            level=level,
        )

    @cached_property
    def _images(self) -> PerNumber:
        width = np.nan if self.half_width is None else self.half_width
        return PerNumber(self.predicted, self.truth, np.full(len(self), width))

    @property
    def missing(self) -> tuple[str, ...]:
        """None: there are no classes."""
        return ()

    @property
    def target(self) -> str:
        """What the number is."""
        return self.labels.names[0]

    @property
    def mean_absolute_error(self) -> float:
        """In the unit of the numbers."""
        return self._images.figures()["mean_absolute_error"]

    @property
    def by_mean(self) -> float:
        """The mean absolute error of always saying the mean of these numbers."""
        return float(np.abs(self.truth - self.truth.mean()).mean())

    @property
    def headline(self) -> str:
        """The mean absolute error in words."""
        return f"mean absolute error {self.shown('mean_absolute_error', self.mean_absolute_error)}"

    def shown(self, name: str, value: float) -> str:
        """A figure's value as text: numbers in their own unit have four digits."""
        return super().shown(name, value) if name in self.fractions else self.number(value)

    @staticmethod
    def number(value: float) -> str:
        """A number in its own unit, with four digits."""
        return measured(value)

    def more_notes(self) -> Iterator[str]:
        """What the errors are to be compared with."""
        yield f"always saying the mean of these numbers has a mean absolute error of {self.number(self.by_mean)}"
        if self.half_width is not None:
            yield f"intervals are to hold {percent(self.level, 0)} of the numbers"

    @cached_property
    def by_quantile(self) -> tuple[QuantileErrors, ...]:
        """Errors in five parts of about equally many images, from the smallest numbers to the largest."""
        return errors_by_quantile(self.predicted, self.truth)

    def answers(self) -> Iterator[NumberAnswer]:
        """What the model said of each image, in the order of `paths`."""
        return (self._answer(index) for index in range(len(self)))

    def mistakes(self, most: int | None = None) -> list[NumberAnswer]:
        """The answers that are off, the largest errors first.

        Args:
            most: How many at most; all if `None`.
        """
        off = np.abs(self.predicted - self.truth)
        order = np.argsort(-off, kind="stable")
        return [self._answer(int(index)) for index in order[off[order] > 0][:most]]

    def _answer(self, index: int) -> NumberAnswer:
        value, width = float(self.predicted[index]), float(self._images.half_width[index])
        return NumberAnswer(self.paths[index], float(self.truth[index]), value, value - width, value + width)

    def _details(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "target": self.target,
            "metrics": self._figures_as_dict(),
            "mean_absolute_error_of_the_mean": self.by_mean,
            "interval_level": self.level if self.half_width is not None else None,
            "by_quantile": [asdict(part) for part in self.by_quantile],
        }
