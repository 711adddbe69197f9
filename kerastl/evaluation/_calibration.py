"""What calibrating a model has given, as one value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from kerastl._base import display
from kerastl._base.text import brief, percent, printable


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

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {**asdict(self), "notes": list(self.notes)}

    def __str__(self) -> str:
        lines = [
            f"{brief(self.model)}, calibrated on {self.images} images of {printable(self.data)} ({self.split})",
            f"temperature        {self.temperature:.3f}",
            "calibration error  {} before, {} after".format(*map(percent, self.calibration_error)),
            "log loss           {:.3f} before, {:.3f} after".format(*self.log_loss),
            f"sets of classes    coverage up to {percent(self.most_coverage, 2)}",
        ]
        if self.references:
            lines.append(
                f"rejection          flags {percent(self.false_alarms)} of such images; compares with "
                f"{self.references} training images"
            )
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        rows = [
            ("calibration error", *map(percent, self.calibration_error)),
            ("log loss", *(f"{value:.3f}" for value in self.log_loss)),
        ]
        notes = [
            f"temperature {self.temperature:.3f}",
            f"sets of classes with a coverage of up to {percent(self.most_coverage, 2)}",
        ]
        if self.references:
            notes.append(
                f"rejection flags {percent(self.false_alarms)} of such images; compares with {self.references:,} "
                "training images"
            )
        caption = f"{self.model}, calibrated on {self.images:,} images of {self.data} ({self.split})"
        heads = ("", "before", "after")
        return display.table(rows, caption=caption, heads=heads, align="lrr", notes=(*notes, *self.notes))
