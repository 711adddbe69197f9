"""Class names, and from scores to the best k of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kerastl._base import display
from kerastl._base.text import brief, message, percent, printable
from kerastl._metrics import top_k
from kerastl.errors import ModelError, UsageError
from kerastl.models._number import NumberPrediction
from kerastl.models._sure import SureAnswer

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

# Rows that a notebook shows of many results.
_SHOWN = 50
NONE_GIVEN = "none of the labels"
"""What is said of an image that a model gives no label."""


@dataclass(frozen=True)
class LabelSet:
    """The classes of a model, in the order of its outputs.

    Args:
        names: One name a class. Names may repeat: ImageNet has two kinds of crane.
        wnids: WordNet ids in the same order, or `None` where there are none.

    Example:
        >>> from kerastl.models import LabelSet
        >>> labels = LabelSet(("circle", "square", "star"))
        >>> labels.find("star"), len(labels.names)
        (2, 3)
    """

    names: tuple[str, ...]
    wnids: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if not self.names:
            raise UsageError("names must hold at least one class name. Received: ()")
        if self.wnids is not None and len(self.wnids) != len(self.names):
            raise UsageError(
                f"wnids must be as many as names. Received: {len(self.wnids)} wnids, {len(self.names)} names"
            )

    def __len__(self) -> int:
        return len(self.names)

    def find(self, label: str | int) -> int:
        """The index of a class.

        Args:
            label: Its index, name or WordNet id. Where neither fits, its name in any case, with spaces or hyphens
                for underscores.

        Raises:
            UsageError: There is none, and the message names the closest ones; or there are several.
        """
        if not isinstance(label, str):
            if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label < len(self):
                raise UsageError(
                    f"label must be a class name, or a number from 0 to {len(self) - 1}. Received: {label!r}"
                )
            return label
        found = self.places(label)
        if len(found) == 1:
            return found[0]
        if found:
            kinds = self.wnids or tuple(str(index) for index in range(len(self)))
            which = " or ".join(kinds[index] for index in found)
            raise UsageError(f"{len(found)} classes are called {label!r}; say {which}")
        raise UsageError(f"no class is called {label!r}; {self._closest(label)}")

    def places(self, label: str) -> tuple[int, ...]:
        """The indices of all classes that a text can mean, as `find` reads it; none if there are none."""
        names, wnids, loose = self._places
        return names.get(label) or wnids.get(label) or loose.get(_plain(label), ())

    @cached_property
    def _places(self) -> tuple[Mapping[str, tuple[int, ...]], ...]:
        """Where names, WordNet ids and names in any spelling stand."""
        return _index(self.names), _index(self.wnids or ()), _index([_plain(name) for name in self.names])

    def _closest(self, label: str) -> str:
        from difflib import get_close_matches

        plain = [_plain(name) for name in self.names]
        if close := get_close_matches(_plain(label), plain, n=3, cutoff=0.7):
            return f"did you mean {' or '.join(self.names[plain.index(match)] for match in close)}?"
        return f"there are {', '.join(self.names[:5])}{' and so on' if len(self) > 5 else ''}"


@dataclass(frozen=True, slots=True)
class Prediction:
    """One class that an image may show.

    Args:
        label: The class name.
        score: The model's probability for it, between 0 and 1.
        index: The class's position in the model's output.
        wnid: Its WordNet id, for ImageNet classes.

    Example:
        >>> from kerastl import Prediction
        >>> print(Prediction("candle", 0.855, index=470, wnid="n02948072"))
        candle 85.5 %
    """

    label: str
    score: float
    index: int
    wnid: str | None = None

    def __str__(self) -> str:
        return f"{brief(self.label)} {percent(self.score)}"

    def as_dict(self) -> dict[str, Any]:
        """The four fields, as they stand in JSON."""
        # Seven significant digits are what a float32 holds.
        return {
            "label": self.label,
            "score": float(f"{self.score:.7g}"),
            "index": self.index,
            "wnid": self.wnid,
        }


@dataclass(frozen=True, slots=True)
class Classification:
    """What a model says of one image.

    Args:
        path: The image's file, or `None` for images that came from memory.
        model: The name of the model that answered.
        predictions: The best classes, best first; of a model that gives any number of labels those that it gives, the
            most probable first. Empty if the image could not be read.
        error: Why the image could not be read, or `None`.
        coverage: Where a set was asked for: how often the right class is among `predictions`, which then are the set.
        ood_score: Where rejection was asked for: how unlike the training images this one is, between 0 and 2.
        rejected: Where rejection was asked for: whether that is too much for the answer to mean anything.
        tta: The test-time augmentation that was asked for, or `None`.
        precision: `fast` where the network computed so, else `None`.
        sure: Where it was asked for: the class or group of classes that the model is sure of.
        number: The number, of a model that tells one in place of classes.

    Example:
        >>> import kerastl
        >>> answer = kerastl.load("kerastl_mini").classify("data/umbrella.png", top=2)
        >>> answer.label, len(answer.predictions), answer.error
        ('umbrella', 2, None)
    """

    path: str | None
    model: str
    predictions: tuple[Prediction, ...] = ()
    error: str | None = None
    coverage: float | None = None
    ood_score: float | None = None
    rejected: bool | None = None
    tta: str | None = None
    precision: str | None = None
    sure: SureAnswer | None = None
    number: NumberPrediction | None = None

    @property
    def best(self) -> Prediction:
        """The best class.

        Raises:
            ModelError: The image could not be read, so that there is none.
        """
        if not self.predictions:
            raise ModelError(f"{self.path}: there is no prediction ({self.error or 'none is given'})")
        return self.predictions[0]

    @property
    def label(self) -> str:
        """The name of the best class."""
        return self.best.label

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of `predictions`: all labels that the image is given, of a model that gives any number."""
        return tuple(prediction.label for prediction in self.predictions)

    @property
    def score(self) -> float:
        """The probability of the best class."""
        return self.best.score

    @property
    def value(self) -> float:
        """The number, of a model that tells one.

        Raises:
            ModelError: There is none.
        """
        if self.number is None:
            raise ModelError(f"{self.path}: there is no number ({self.error or 'the model tells classes'})")
        return self.number.value

    @property
    def interval(self) -> tuple[float, float] | None:
        """The ends of the interval around the number; None where there is none."""
        if self.number is None or self.number.low is None or self.number.high is None:
            return None
        return self.number.low, self.number.high

    def as_dict(self) -> dict[str, Any]:
        """The object that stands in JSON for this image."""
        if self.error is not None:
            return {"path": self.path, "error": self.error}
        values: dict[str, Any] = {"path": self.path, "model": self.model}
        if self.number is not None:
            values |= self.number.as_dict()
        else:
            values["predictions"] = [prediction.as_dict() for prediction in self.predictions]
        if self.coverage is not None:
            values["coverage"] = self.coverage
        if self.ood_score is not None:
            values |= {"ood_score": float(f"{self.ood_score:.7g}"), "rejected": self.rejected}
        sure = None if self.sure is None else self.sure.as_dict()
        named = {"sure": sure, "tta": self.tta, "precision": self.precision}
        values |= {name: value for name, value in named.items() if value is not None}
        return values

    def answer(self) -> str:
        """What the model says, in a line: what it is sure of, and the best classes; empty if there are none."""
        classes = ", ".join(map(str, self.predictions)) if self.number is None else str(self.number)
        if self.sure is not None:
            others = ", ".join(str(one) for one in self.predictions if one.index != self.sure.index)
            classes = f"{self.sure} ({others})" if others else str(self.sure)
        if self.rejected and self.number is not None:
            return f"unlike the training images ({classes})"
        if self.rejected:
            return f"none of these (closest: {classes})" if classes else "none of these"
        return classes

    def __str__(self) -> str:
        answer = message(self.error or "") or self.answer() or NONE_GIVEN
        return answer if self.path is None else f"{printable(self.path)}: {answer}"

    def _repr_html_(self) -> str:
        title = self.path or "image"
        if self.error is not None:
            return f"<p>{display.bold(title)}: {display.text(self.error)}</p>"
        rows = [(p.label, percent(p.score), display.bar(p.score)) for p in self.predictions]
        if self.number is not None:
            rows = [(str(self.number), "", display.Markup(""))]
        return display.table(rows, caption=f"{title} ({self.model})", align="lrl", notes=self._remarks())

    def _remarks(self) -> list[str]:
        """What was asked for besides the best classes."""
        remarks = []
        if self.sure is not None:
            remarks.append(f"at {percent(self.sure.min_score)}: {self.sure}")
        if self.coverage is not None and self.number is None:
            remarks.append(f"one of these in {percent(self.coverage)} of such cases")
        if self.rejected:
            remarks.append("none of these: unlike the training images")
        return remarks


class Classifications(list[Classification]):
    """What a model says of several images: a list, which notebooks show as a table.

    Example:
        >>> import kerastl
        >>> answers = kerastl.load("kerastl_mini").classify(["data/umbrella.png", "data/candle.jpg"])
        >>> [answer.label for answer in answers]
        ['umbrella', 'candle']
    """

    def _repr_html_(self) -> str:
        rows = [_row(result) for result in self[:_SHOWN]]
        notes = [f"and {len(self) - _SHOWN:,} more"] if len(self) > _SHOWN else []
        models = dict.fromkeys(result.model for result in self)
        return display.table(rows, caption=", ".join(models), align="llrl", notes=notes)


def _row(result: Classification) -> list[object]:
    """Image, answer, score, and the other classes."""
    image = result.path or "image"
    if result.number is not None:
        return [image, display.bold(str(result.number)), "", "unlike the training images" if result.rejected else ""]
    if not result.predictions:
        return [image, result.error or NONE_GIVEN, "", ""]
    answer = f"{result.label} (none of these)" if result.rejected else result.label
    others = ", ".join(map(str, result.predictions[1:]))
    return [image, display.bold(answer), percent(result.score), others]


def _index(names: Sequence[str]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for index, name in enumerate(names):
        found[name] = (*found.get(name, ()), index)
    return found


def _plain(name: str) -> str:
    return name.casefold().replace(" ", "_").replace("-", "_")


def decode(scores: ArrayLike, labels: LabelSet | Sequence[str], top: int = 5) -> list[tuple[Prediction, ...]]:
    """Turn rows of scores into the best classes of each row.

    Args:
        scores: Array of shape (n, classes), probabilities.
        labels: The classes' names in the order of the columns.
        top: How many classes a row; more than there are means all.

    Returns:
        One tuple of predictions a row, best first; equal scores in the order of their index.

    Raises:
        UsageError: The shapes do not fit, or `top` is less than 1.
        ModelError: A score is not a number.

    Example:
        >>> from kerastl.models import decode
        >>> best, second = decode([[0.2, 0.7, 0.1]], ["circle", "square", "star"], top=2)[0]
        >>> best.label, second.label
        ('square', 'circle')
    """
    import numpy as np

    label_set = labels if isinstance(labels, LabelSet) else LabelSet(tuple(labels))
    values = np.asarray(scores)
    if values.ndim != 2 or values.shape[1] != len(label_set):
        raise UsageError(f"scores must have shape (n, {len(label_set)}), a column a label. Received: {values.shape}")
    return [
        tuple(_prediction(label_set, int(index), float(row[index])) for index in best)
        for row, best in zip(values, top_k(values, top), strict=True)
    ]


def _prediction(labels: LabelSet, index: int, score: float) -> Prediction:
    wnid = None if labels.wnids is None else labels.wnids[index]
    return Prediction(labels.names[index], score, index, wnid)
