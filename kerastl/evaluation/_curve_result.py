"""What a learning curve says: measured points, and what more images would bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from kerastl._base.text import listed, percent, printable
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.evaluation._growing import Forecast


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy with some number of images.

    Args:
        images: How many.
        accuracy: Of images that the head was not solved on, from 0 to 1.
        low: Where it is expected: the lower end of the 95 % interval.
        high: The upper end.

    Example:
        >>> from kerastl.evaluation import CurvePoint
        >>> str(CurvePoint(400, 0.9, 0.88, 0.92))
        '400 images: 90.0 % (88.0 to 92.0 %)'
    """

    images: int
    accuracy: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.images:,} images: {percent(self.accuracy)} ({100 * self.low:.1f} to {percent(self.high)})"


@dataclass(frozen=True)
class MoreImages:
    """What more images of some classes would bring.

    Args:
        classes: Which; all where the images are spread as they are now.
        added: How many images, together.
        now: The accuracy without them.
        then: The accuracy with them.
        low: The lower end of its 95 % interval.
        high: The upper end.
        every: Whether these are all classes.

    Example:
        >>> from kerastl.evaluation import MoreImages
        >>> print(MoreImages(("rose", "tulip"), 200, 0.86, 0.90, 0.89, 0.91))
        200 more of 'rose' and 'tulip' would bring 86.0 % to 90.0 % (89.0 to 91.0 %)
    """

    classes: tuple[str, ...]
    added: int
    now: float
    then: float
    low: float
    high: float
    every: bool = False

    def __str__(self) -> str:
        of = " of all classes" if self.every else f" of {_named(self.classes)}"
        interval = f"({100 * self.low:.1f} to {percent(self.high)})"
        return f"{self.added:,} more{of} would bring {percent(self.now)} to {percent(self.then)} {interval}"


def _named(names: Sequence[str]) -> str:
    quoted = [f"'{printable(name)}'" for name in names]
    return " and ".join(quoted) if len(names) < 3 else f"{listed(names[:-1])} and {quoted[-1]}"


@dataclass(frozen=True)
class LearningCurve:
    """How good heads are that are solved on growing parts of labeled images.

    Args:
        data: The images.
        model: The network whose features they have.
        features: Which of them.
        images: How many there are.
        classes: Names of the classes.
        points: Measured, by images.
        predictions: For more images, spread over the classes as they are now.
        more: What was asked for: what more images bring, of the classes that need them and of all.
        check: What the parts with half of the images or less predict for all of them; None where there are too few.
        law: Ceiling, scale and exponent of the law accuracy = ceiling - scale x images ^ -exponent.
        notes: What to know, one line each.

    Example:
        >>> import kerastl
        >>> curve = kerastl.learning_curve("data/shapes", "kerastl_mini", repeats=2, verbose=0)
        >>> curve.images, curve.points[-1].images, curve.predict(200).images
        (88, 88, 200)
    """

    data: str
    model: str
    features: str
    images: int
    classes: tuple[str, ...]
    points: tuple[CurvePoint, ...]
    predictions: tuple[CurvePoint, ...]
    more: tuple[MoreImages, ...]
    check: CurvePoint | None
    law: tuple[float, float, float]
    notes: tuple[str, ...] = ()
    forecast: Forecast | None = field(default=None, repr=False, compare=False)

    @property
    def accuracy(self) -> float:
        """With all images, by leave-one-out."""
        return self.points[-1].accuracy

    def predict(self, images: int) -> CurvePoint:
        """Predict the accuracy with some number of images, spread over the classes as they are now.

        Args:
            images: How many, 1 or more.

        Raises:
            UsageError: There are none.
        """
        if images < 1:
            raise UsageError(f"images must be 1 or more. Received: images={images}")
        assert self.forecast is not None  # noqa: S101 - `learning_curve` has set it
        return CurvePoint(images, *self.forecast.at(images))

    def as_dict(self) -> dict[str, Any]:
        """All of it for JSON."""
        found = {name: value for name, value in vars(self).items() if name not in ("forecast", "law")}
        found |= {name: [asdict(one) for one in found[name]] for name in ("points", "predictions", "more")}
        found["check"] = None if self.check is None else asdict(self.check)
        found["law"] = dict(zip(("ceiling", "scale", "exponent"), self.law, strict=True))
        return found | {"accuracy": self.accuracy}

    def __str__(self) -> str:
        ceiling, scale, exponent = self.law
        lines = [
            f"{printable(self.data)}: {self.images:,} images of {len(self.classes):,} classes, head on features "
            f"({self.features}) of {printable(self.model)}",
            *(f"  {point}" for point in self.points),
            f"accuracy = {ceiling:.3f} - {scale:.3g} / images^{exponent:.2f}",
            *(f"  predicted for {point}" for point in self.predictions),
        ]
        if self.check is not None:
            low, high = 100 * self.check.low, percent(self.check.high)
            inside = self.check.low <= self.accuracy <= self.check.high
            lines.append(
                f"check: half of the images predict {percent(self.check.accuracy)} ({low:.1f} to {high}) for all of "
                f"them, and it is {percent(self.accuracy)}{'' if inside else ': do not rely on the curve'}"
            )
        return "\n".join([*lines, *map(str, self.more), *map(printable, self.notes)])
