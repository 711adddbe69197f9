"""From which score on an image is given a label: one threshold a label, chosen for a stated aim.

Scores of images that the head has not seen decide: those of validation images, or by leave-one-out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from kerastl._base.text import brief, percent, printable
from kerastl.errors import ModelError, UsageError
from kerastl.models._metadata import Metadata

THRESHOLDS = "thresholds"
"""Their name in a model's metadata."""
DEFAULT_AIM = "f1"
"""What thresholds are for where nobody says."""
# Where no image shows what a label's scores are worth.
UNKNOWN = 0.5
_FORMS = "f1, precision=P or recall=R, with P and R above 0 and at most 1"


@dataclass(frozen=True)
class ThresholdAim:
    """What thresholds are for.

    Args:
        measure: `f1` for the best balance of the two others; `precision` or `recall` for one of at least `least` and
            the best of the other one.
        least: Above 0 and at most 1; 0 for `f1`.

    Example:
        >>> from kerastl.calibration import ThresholdAim
        >>> str(ThresholdAim("recall", 0.95))
        'recall=0.95'
    """

    measure: str
    least: float = 0.0

    @classmethod
    def parse(cls, text: str) -> ThresholdAim:
        """Read `f1`, `precision=0.9` or `recall=0.95`; `>=` does for `=`.

        Raises:
            UsageError: It is none of these.

        Example:
            >>> from kerastl.calibration import ThresholdAim
            >>> ThresholdAim.parse("precision=0.9")
            ThresholdAim(measure='precision', least=0.9)
        """
        if not isinstance(text, str):
            raise UsageError(f"a threshold's aim is {_FORMS}. Received: {text!r}")
        measure, equals, number = text.strip().lower().replace(">=", "=").partition("=")
        try:
            least = float(number) if equals else 0.0
        except ValueError:
            least = -1.0
        wanted = 0 < least <= 1 if measure in ("precision", "recall") else measure == "f1" and not equals
        if not wanted:
            raise UsageError(f"a threshold's aim is {_FORMS}. Received: {text!r}")
        return cls(measure, least)

    def __str__(self) -> str:
        return f"{self.measure}={self.least:g}" if self.least else self.measure


@dataclass(frozen=True, slots=True)
class LabelThreshold:
    """The threshold of one label, and what it reaches on the images that it was chosen on.

    Args:
        label: The label's name.
        threshold: Scores from here on give an image the label, in [0, 1].
        met: Whether the aim is reached there.
        precision: Fraction of the images given the label that have it; 0 where none is given it.
        recall: Fraction of the images with the label that are given it.
        f1: Harmonic mean of the two.
        positives: Images that have the label.
        images: How many images it was chosen on.

    Example:
        >>> from kerastl.calibration import LabelThreshold
        >>> LabelThreshold("cat", 0.3, True, 0.9, 0.8, 0.847, 40, 200).as_dict()["threshold"]
        0.3
    """

    label: str
    threshold: float
    met: bool
    precision: float
    recall: float
    f1: float
    positives: int
    images: int

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return asdict(self)

    def unmet(self, aim: str) -> str:
        """Why a label does not reach what its threshold was chosen for, in one line."""
        name = brief(self.label)
        if not self.positives:
            return f"{name}: none of the {self.images:,} images has it, so that its threshold stays {UNKNOWN}"
        return (
            f"{name}: no threshold reaches {aim} on {self.images:,} images, {self.positives:,} of which have it; the "
            f"closest has a precision of {percent(self.precision)} and a recall of {percent(self.recall)}"
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> LabelThreshold:
        """Read what `as_dict` gave.

        Raises:
            TypeError: A field is missing or too many.
            ValueError: A field is no number.
        """
        numbers = {name: float(values[name]) for name in ("threshold", "precision", "recall", "f1")}
        counts = {name: int(values[name]) for name in ("positives", "images")}
        return cls(**{**values, "label": str(values["label"]), "met": bool(values["met"]), **numbers, **counts})


def check_aim(text: str | None) -> str | None:
    """An aim as `ThresholdAim` writes it; None where nobody has one.

    Raises:
        UsageError: It is none.
    """
    return None if text is None else str(ThresholdAim.parse(text))


def choose_thresholds(
    scores: np.ndarray, truth: np.ndarray, names: Sequence[str], aim: ThresholdAim
) -> tuple[LabelThreshold, ...]:
    """Choose a threshold for each label.

    A threshold lies halfway between two neighboring scores. For `precision` and `recall` it is the one that reaches
    the aim with the best of the other one; where none does, the one that comes closest. Of equally good ones the
    highest is taken, which gives fewer labels. A label that no image has keeps 0.5.

    Args:
        scores: float (n, labels), in [0, 1], of images that the head has not seen.
        truth: bool (n, labels).
        names: The labels' names.
        aim: What for.

    Example:
        >>> import numpy as np
        >>> from kerastl.calibration import ThresholdAim, choose_thresholds
        >>> scores = np.array([[0.9], [0.7], [0.5], [0.1]])
        >>> truth = np.array([[True], [False], [True], [False]])
        >>> one, = choose_thresholds(scores, truth, ["cat"], ThresholdAim.parse("recall=1"))
        >>> round(one.threshold, 3), one.precision, one.met
        (0.3, 0.6666666666666666, True)
    """
    return tuple(
        _choose(scores[:, place].astype(np.float64), truth[:, place], name, aim) for place, name in enumerate(names)
    )


def thresholded(scores: np.ndarray, thresholds: Sequence[float]) -> np.ndarray:
    """Which labels each image is given: bool (n, labels), a score of the threshold itself gives it."""
    return scores >= np.asarray(thresholds, scores.dtype)


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of a model, as they stand in its metadata.

    Args:
        aim: What they were chosen for, as `ThresholdAim` writes it.
        kind: Whose scores chose them: `leave_one_out` or `validation`.
        labels: One a label of the model, in its order.

    Example:
        >>> import numpy as np
        >>> from kerastl.calibration import Thresholds
        >>> scores, truth = np.array([[0.9], [0.5], [0.1]]), np.array([[True], [True], [False]])
        >>> Thresholds.choose(scores, truth, ["cat"], "f1", "validation").values
        (0.3,)
    """

    aim: str
    kind: str
    labels: tuple[LabelThreshold, ...]

    @classmethod
    def choose(
        cls, scores: np.ndarray, truth: np.ndarray, names: Sequence[str], aim: str | ThresholdAim, kind: str
    ) -> Thresholds:
        """Choose them; `scores` and `truth` as for `choose_thresholds`.

        Raises:
            UsageError: The aim is none.
        """
        meant = ThresholdAim.parse(aim) if isinstance(aim, str) else aim
        return cls(str(meant), kind, choose_thresholds(scores, truth, names, meant))

    @property
    def values(self) -> tuple[float, ...]:
        """One a label, in the order of the model."""
        return tuple(one.threshold for one in self.labels)

    def notes(self) -> list[str]:
        """Which labels do not reach the aim, one line each."""
        return [one.unmet(self.aim) for one in self.labels if not one.met]

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {"aim": self.aim, "kind": self.kind, "labels": [one.as_dict() for one in self.labels]}

    @classmethod
    def read(cls, metadata: Metadata) -> Thresholds | None:
        """Read them from a model's metadata; None where it has none.

        Raises:
            ModelError: They are broken, or not those of its labels.
        """
        if (stored := metadata.extra.get(THRESHOLDS)) is None:
            return None
        try:
            labels = tuple(LabelThreshold.from_dict(one) for one in stored["labels"])
            found = cls(str(stored["aim"]), str(stored["kind"]), labels)
            fits = all(0 <= one.threshold <= 1 for one in labels)
        except (KeyError, TypeError, ValueError):
            fits = False
        if not fits or tuple(one.label for one in labels) != metadata.labels.names:
            raise ModelError(f"{printable(metadata.name)}: its thresholds are broken; kerastl calibrate makes new ones")
        return found


def values_of(metadata: Metadata) -> tuple[float, ...]:
    """From which score on a model gives each of its labels: 0.5 where none was chosen."""
    found = Thresholds.read(metadata)
    return (UNKNOWN,) * len(metadata.labels) if found is None else found.values


def _choose(scores: np.ndarray, truth: np.ndarray, name: str, aim: ThresholdAim) -> LabelThreshold:
    positives, n = int(truth.sum()), len(truth)
    if not positives:
        return LabelThreshold(name, UNKNOWN, False, 0.0, 0.0, 0.0, 0, n)
    order = np.argsort(-scores, kind="stable")
    ranked, hits = scores[order], truth[order].cumsum()
    cuts = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    hits, given = hits[cuts], cuts + 1
    values = {
        "precision": hits / given,
        "recall": hits / positives,
        "f1": 2 * hits / (given + positives),
    }
    best, met = _best(values, aim)
    below = ranked[cuts[best] + 1] if cuts[best] + 1 < n else 0.0
    middle = float((ranked[cuts[best]] + below) / 2)
    # Two neighbors may be so close that float32, in which scores come, has nothing between them.
    threshold = middle if np.float32(middle) > np.float32(below) or below == 0 else float(ranked[cuts[best]])
    precision, recall, f1 = (float(values[measure][best]) for measure in ("precision", "recall", "f1"))
    return LabelThreshold(name, threshold, met, precision, recall, f1, positives, n)


def _best(values: Mapping[str, np.ndarray], aim: ThresholdAim) -> tuple[int, bool]:
    """The place of the best cut, the highest of equal ones, and whether it reaches the aim."""
    own = values[aim.measure]
    if not aim.least:
        return int(own.argmax()), True
    other = values["recall" if aim.measure == "precision" else "precision"]
    fits = own >= aim.least
    if not fits.any():
        closest = own == own.max()
        return int(np.where(closest, other, -1.0).argmax()), False
    return int(np.where(fits, other, -1.0).argmax()), True
