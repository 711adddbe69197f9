"""What calibrating a model has given, as one value."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kerastl._base import display
from kerastl._base.text import brief, measured, percent, printable
from kerastl.calibration._thresholds import Thresholds
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION


@dataclass(frozen=True)
class Calibration:
    """What `kerastl.calibrate` has fitted.

    Args:
        model: The model's name.
        data: The folder's name.
        split: Which part of it.
        images: Images it was fitted on.
        data_digest: What names these images: a hash of their paths and labels.
        temperature: What scores are scaled with.
        log_loss: Before and after, in nats.
        calibration_error: Before and after, in [0, 1].
        most_coverage: The largest coverage that a set of classes can have.
        references: Training images that new ones are compared with; 0 where rejection was not fitted.
        false_alarms: Fraction of the images like these that rejection may flag.
        ood_threshold: Above it an image is rejected.
        notes: What else to know, one line each.
        task: What the model tells, as in `kerastl.tasks.TASKS`. Of numbers there are no log loss and no calibration
            error (NaN).
        thresholds: Of a model of several labels: from which scores on it gives them.
        interval: Of a model that predicts a number: its intervals' `coverage`, `half_width`, and the `images` behind.
    """

    model: str
    data: str
    split: str
    images: int
    data_digest: str
    temperature: float
    log_loss: tuple[float, float]
    calibration_error: tuple[float, float]
    most_coverage: float
    references: int
    false_alarms: float
    ood_threshold: float | None
    notes: tuple[str, ...] = ()
    task: str = CLASSIFICATION
    thresholds: Thresholds | None = None
    interval: Mapping[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        thresholds = None if self.thresholds is None else self.thresholds.as_dict()
        return {**asdict(self), "notes": list(self.notes), "thresholds": thresholds}

    def __str__(self) -> str:
        lines = [f"{brief(self.model)}, calibrated on {self.images} images of {printable(self.data)} ({self.split})"]
        lines += [f"{name:18} {text}" for name, text in _LINES[self.task](self)]
        if self.references:
            lines.append(
                f"rejection          flags {percent(self.false_alarms)} of such images; compares with "
                f"{self.references} training images"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [(name, *both) for name, both in _before_and_after(self)]
        notes = [f"{name} {text}".strip() for name, text in _LINES[self.task](self) if name not in _TABLE]
        if self.references:
            notes.append(
                f"rejection flags {percent(self.false_alarms)} of such images; compares with {self.references:,} "
                "training images"
            )
        caption = f"{self.model}, calibrated on {self.images:,} images of {self.data} ({self.split})"
        heads = ("", "before", "after")
        return display.table(rows, caption=caption, heads=heads, align="lrr", notes=(*notes, *self.notes))


_TABLE = ("calibration error", "log loss")


def _before_and_after(found: Calibration) -> Iterator[tuple[str, tuple[str, str]]]:
    if not math.isnan(found.log_loss[0]):
        before, after = map(percent, found.calibration_error)
        yield _TABLE[0], (before, after)
        before, after = (f"{value:.3f}" for value in found.log_loss)
        yield _TABLE[1], (before, after)


def _of_classes(found: Calibration) -> Iterator[tuple[str, str]]:
    yield "temperature", f"{found.temperature:.3f}"
    yield from ((name, "{} before, {} after".format(*both)) for name, both in _before_and_after(found))
    yield "sets of classes", f"coverage up to {percent(found.most_coverage, 2)}"


def _of_labels(found: Calibration) -> Iterator[tuple[str, str]]:
    yield "calibration error", percent(found.calibration_error[1])
    yield "log loss", f"{found.log_loss[1]:.3f}"
    if found.thresholds is not None:
        yield "thresholds", f"chosen for {found.thresholds.aim}"
        for one in found.thresholds.labels:
            reached = f"precision {percent(one.precision)}, recall {percent(one.recall)}"
            yield "", f"{brief(one.label)} from {percent(one.threshold)}: {reached}, on {one.positives:,} images"


def _of_numbers(found: Calibration) -> Iterator[tuple[str, str]]:
    if found.interval is not None:
        half, coverage = found.interval["half_width"], percent(found.interval["coverage"], 0)
        yield "intervals", f"{measured(half)} to either side hold {coverage} of the numbers"


_LINES: Mapping[str, Callable[[Calibration], Iterator[tuple[str, str]]]] = {
    CLASSIFICATION: _of_classes,
    ORDINAL: _of_classes,
    MULTILABEL: _of_labels,
    REGRESSION: _of_numbers,
}
"""What is said of each task: names and texts."""
