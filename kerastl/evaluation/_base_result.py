"""What evaluations of all tasks have: the images, the figures with their intervals, and how they are shown."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from kerastl._base import display
from kerastl._base.text import brief, percent, printable
from kerastl._classifier import Classifier
from kerastl.data import Dataset
from kerastl.evaluation import _bootstrap as bootstrap
from kerastl.evaluation._rejection import Rejection
from kerastl.evaluation._selection import Matching
from kerastl.models._labels import LabelSet
from kerastl.tasks._words import WORDS, OutputWords

if TYPE_CHECKING:
    from typing_extensions import Self

    from kerastl.evaluation._answered import Answered


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure and how far it would move on other images of the same kind.

    Args:
        value: The figure.
        low: Lower end of its bootstrap interval.
        high: Upper end.

    Example:
        >>> import kerastl
        >>> images = [("data/umbrella.png", "umbrella"), ("data/candle.jpg", "candle")]
        >>> kerastl.evaluate("kerastl_mini", images).figures["accuracy"]
        Figure(value=1.0, low=1.0, high=1.0)
    """

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """The three, as JSON values."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, eq=False, repr=False)
class BaseEvaluation(ABC):
    """What a model said of labeled images, whatever its task.

    Args:
        model: The model's name.
        data: The folder.
        split: Which part of it: `train`, `val`, `test` or `all`.
        labels: The model's classes.
        paths: The images, relative to `data`.
        unknown: Images of classes that the model does not know, by class.
        matching: The data's classes among the model's.
        failed: Images that could not be read, and why; they are left out.
        notes: What else to know, one line each.
        rejection: How images of other things are told apart, where that was asked for.
        resamples: Of the bootstrap.
        seed: Of the bootstrap.
        classifier: What was evaluated, if it is still at hand; pickles go without it.
        dataset: What the images were chosen from, likewise.
        leave_one_out: Whether each image was answered by a head that was solved without it, as a run keeps such
            answers; the model itself was trained on all of them.

    Example:
        >>> import kerastl
        >>> from kerastl.evaluation import BaseEvaluation
        >>> evaluation = kerastl.evaluate("kerastl_mini", [("data/candle.jpg", "candle")])
        >>> isinstance(evaluation, BaseEvaluation), evaluation.task, len(evaluation)
        (True, 'classification', 1)
    """

    task: ClassVar[str]
    """The name of the task, as in `kerastl.tasks.TASKS`."""
    names: ClassVar[Mapping[str, str]]
    """Figures in the order in which people read them, with what they are called in text."""
    fractions: ClassVar[frozenset[str]]
    """Those that lie in [0, 1], which read best as per cent."""

    model: str
    data: str
    split: str
    labels: LabelSet
    paths: tuple[str, ...]
    unknown: Mapping[str, int] = field(default_factory=dict, kw_only=True)
    matching: Matching | None = field(default=None, kw_only=True)
    failed: Mapping[str, str] = field(default_factory=dict, kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    rejection: Rejection | None = field(default=None, kw_only=True)
    resamples: int = field(default=bootstrap.RESAMPLES, kw_only=True)
    seed: int = field(default=0, kw_only=True)
    classifier: Classifier | None = field(default=None, kw_only=True)
    dataset: Dataset | None = field(default=None, kw_only=True)
    leave_one_out: bool = field(default=False, kw_only=True)

    def __len__(self) -> int:
        return len(self.paths)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "classifier": None}

    @property
    def words(self) -> OutputWords:
        """What an output of the model is called."""
        return WORDS[self.task]

    @property
    def part(self) -> str:
        """The part of the data in words."""
        return f"{self.split}, by leave-one-out" if self.leave_one_out else self.split

    @classmethod
    @abstractmethod
    def of(cls, answered: Answered) -> Self:
        """Take what a model said."""

    @property
    @abstractmethod
    def _images(self) -> bootstrap.Resampled:
        """What each image adds to the figures."""

    @cached_property
    def figures(self) -> dict[str, Figure]:
        """The figures by name, each with its interval."""
        ends = bootstrap.intervals(self._images, self.resamples, self.seed)
        values = self._images.figures()
        return {name: Figure(values[name], *ends[name]) for name in self.names if name in values}

    @property
    def missing(self) -> tuple[str, ...]:
        """Classes of the model that have no image here."""
        return () if self.matching is None else self.matching.missing

    def more_notes(self) -> Iterator[str]:
        """What else to know that follows from the figures, one line each."""
        yield from ()

    def shown(self, name: str, value: float) -> str:
        """A figure's value as text.

        Args:
            name: The figure.
            value: It, or an end of its interval.
        """
        return percent(value) if name in self.fractions else f"{value:.3f}"

    def _figure_name(self, name: str) -> str:
        """What a figure is called in text; empty where it says nothing here."""
        return self.names[name]

    def figure_texts(self) -> dict[str, str]:
        """What figures are called in text, but for those that say nothing here."""
        return {name: text for name in self.figures if (text := self._figure_name(name))}

    @property
    @abstractmethod
    def headline(self) -> str:
        """The most telling figure in a few words."""

    @abstractmethod
    def _details(self) -> dict[str, Any]:
        """What JSON says between the figures and what was left out."""

    def as_dict(self) -> dict[str, Any]:
        """Everything but the single images, as JSON values."""
        return {
            "model": self.model,
            "data": self.data,
            "split": self.split,
            "leave_one_out": self.leave_one_out,
            "images": len(self),
            **self._details(),
            "rejection": None if self.rejection is None else self.rejection.as_dict(),
            "unknown_classes": dict(self.unknown),
            "missing_classes": list(self.missing),
            "failed": dict(self.failed),
            "notes": list(self.notes),
        }

    def _figures_as_dict(self) -> dict[str, Any]:
        return {name: figure.as_dict() for name, figure in self.figures.items()}

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        """Name, value and interval of each figure, as text."""
        for name, text in self.figure_texts().items():
            figure = self.figures[name]
            value, low, high = (self.shown(name, end) for end in (figure.value, figure.low, figure.high))
            yield text, value, f"{low} to {high}"

    def __str__(self) -> str:
        rows = list(self._lines())
        width = max(18, *(len(name) for name, _, _ in rows))
        return "\n".join([self._title(), *(f"{name:{width}} {value:>7}  ({ends})" for name, value, ends in rows)])

    def _title(self) -> str:
        return f"{brief(self.model)} on {len(self)} images of {printable(self.data)} ({self.part})"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {brief(self.model)} on {len(self)} images: {self.headline}>"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td style='text-align:left'>{name}</td><td>{value}</td><td>{interval}</td></tr>"
            for name, value, interval in self._lines()
        )
        caption = display.text(self._title())
        return f"<table><caption>{caption}</caption><tr><th></th><th></th><th>95 % interval</th></tr>{rows}</table>"
