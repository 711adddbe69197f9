"""How an export compares with the Keras model, as one row of figures."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kerastl._base.text import percent
from kerastl._metrics import LEVEL, wilson_interval
from kerastl.errors import ModelError
from kerastl.evaluation._base_result import Figure


@dataclass(frozen=True)
class ProofRow:
    """How an export compares with the Keras model: `kerastl.export` gives it.

    Args:
        name: Of its format, as in `EXPORT_FORMATS`; or of what it is compared with.
        images: How many were compared.
        same: How many of them got the same answer: the best class, all labels, or nearly the same number.
        bound: The fraction that has to.
        difference: The largest of any output; NaN where it could not be computed.
        milliseconds: For one image, in one thread, the median; NaN where it was not measured.
        megabytes: On the disk, of 2**20 bytes.
        figures: How good its answers are, by name, where images have labels: the figure of the task, and the
            calibration error.
        fault: Why it does not answer as it should, whatever `same` is; empty where it does.
        data: Where the images are from, for people.
    """

    name: str
    images: int
    same: int
    bound: float
    difference: float
    milliseconds: float
    megabytes: float
    figures: Mapping[str, Figure] = field(default_factory=dict)
    fault: str = ""
    data: str = ""

    @property
    def agreement(self) -> float:
        """The fraction of images with the same answer."""
        return self.same / self.images

    @property
    def interval(self) -> tuple[float, float]:
        """Where that fraction may lie on other images (Wilson 1927, 95 %)."""
        return wilson_interval(self.same, self.images)

    @property
    def reason(self) -> str:
        """Why the export is refused; empty where it is not."""
        if self.fault:
            return self.fault
        if self.agreement >= self.bound:
            return ""
        return (
            f"it gives the same answer as the Keras model for {_exactly(self.agreement)} of {counted(self.images)}, "
            f"and at least {_exactly(self.bound)} are wanted; --prove DATA compares on other images, and "
            "--min-agreement sets another bound"
        )

    def check(self) -> None:
        """Raise `ModelError` if the export is to be refused."""
        if self.reason:
            raise ModelError(self.reason)

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON values."""
        low, high = self.interval
        return {
            "format": self.name,
            "agreement": {
                "same": self.same, "images": self.images, "value": self.agreement, "low": low, "high": high,
                "bound": self.bound,
            },
            "largest_difference": _number(self.difference),
            "figures": {name: figure.as_dict() for name, figure in self.figures.items()},
            "milliseconds": _number(self.milliseconds),
            "megabytes": self.megabytes,
            "data": self.data,
        }  # fmt: skip


def counted(images: int) -> str:
    """How many images, in words."""
    return f"{images:,} image{'s' if images != 1 else ''}"


def images_needed(fraction: float) -> int:
    """How many images must all agree so that agreement on others is above `fraction` for 95 % sure.

    Where all n agree, the lower end of Wilson's interval is n / (n + z**2).
    """
    z = statistics.NormalDist().inv_cdf((1 + LEVEL) / 2)
    return math.ceil(z**2 * fraction / (1 - fraction)) if fraction < 1 else 0


def _exactly(fraction: float) -> str:
    """A fraction in per cent that is not rounded up to what it is not."""
    return percent(math.floor(fraction * 1_000 + 1e-9) / 1_000)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
