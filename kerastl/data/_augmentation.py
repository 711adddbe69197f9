"""How training images are varied, as options that a recipe holds and JSON takes.

Nothing here touches an image: `augmenting` varies one, `mixing` mixes those of a batch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from kerastl.errors import RecipeError


def _require(owner: object, name: str, low: float, high: float, *, above: bool = False) -> None:
    value = getattr(owner, name)
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not low <= value <= high or (above and value == low):
        rule = f"above {low:g} and at most {high:g}" if above else f"between {low:g} and {high:g}"
        raise RecipeError(f"{type(owner).__name__}.{name} must be a number {rule}. Received: {name}={value!r}")


@dataclass(frozen=True)
class Crop:
    """Take a part of the image, of random size and place (Szegedy et al. 2014, "Going deeper with convolutions").

    Args:
        least_area: The smallest part, as a fraction of the largest region that fits; up to all of it is taken.
        aspect: The region's aspect ratio varies by up to this factor, in both directions; 1 keeps it.

    Example:
        >>> from kerastl.data import Augmentation, Crop
        >>> Augmentation(crop=Crop(least_area=0.5)).crop
        Crop(least_area=0.5, aspect=1.3333333333333333)
    """

    least_area: float = 0.35
    aspect: float = 4 / 3

    def __post_init__(self) -> None:
        _require(self, "least_area", 0, 1, above=True)
        _require(self, "aspect", 1, 4)


@dataclass(frozen=True)
class Flip:
    """Mirror the image.

    Args:
        horizontal: Probability of exchanging left and right.
        vertical: Probability of exchanging top and bottom.

    Example:
        >>> from kerastl.data import Augmentation, Flip
        >>> Augmentation(flip=Flip(vertical=0.5)).flip
        Flip(horizontal=0.5, vertical=0.5)
    """

    horizontal: float = 0.5
    vertical: float = 0.0

    def __post_init__(self) -> None:
        _require(self, "horizontal", 0, 1)
        _require(self, "vertical", 0, 1)


@dataclass(frozen=True)
class Rotate:
    """Turn the image about its center; what comes in at the corners is the image, mirrored.

    Args:
        degrees: The angle is uniform between minus and plus this.

    Example:
        >>> from kerastl.data import Augmentation, Rotate
        >>> Augmentation(rotate=Rotate(degrees=30)).rotate
        Rotate(degrees=30)
    """

    degrees: float = 10.0

    def __post_init__(self) -> None:
        _require(self, "degrees", 0, 180)


@dataclass(frozen=True)
class Color:
    """Vary the colors. Each factor is uniform between one minus and one plus its strength.

    Args:
        brightness: Strength; pixels times the factor.
        contrast: Strength; distance from the image's mean gray times the factor.
        saturation: Strength; distance of each pixel from its gray times the factor.
        hue: The hue is turned by up to this fraction of the color circle, at most half.
        probability: How often this is done at all.

    Example:
        >>> from kerastl.data import Augmentation, Color
        >>> Augmentation(color=Color(brightness=0.4, hue=0.1)).color.contrast
        0.2
    """

    brightness: float = 0.2
    contrast: float = 0.2
    saturation: float = 0.2
    hue: float = 0.0
    probability: float = 1.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation", "probability"):
            _require(self, name, 0, 1)
        _require(self, "hue", 0, 0.5)


@dataclass(frozen=True)
class RandAugment:
    """A few operations, drawn anew for each image (Cubuk et al. 2019, "RandAugment").

    Args:
        operations: How many, one after the other.
        magnitude: How strong, from 0 to 10.

    Example:
        >>> from kerastl.data import Augmentation, RandAugment
        >>> Augmentation(rand_augment=RandAugment(operations=1)).rand_augment
        RandAugment(operations=1, magnitude=7.0)
    """

    operations: int = 2
    magnitude: float = 7.0

    def __post_init__(self) -> None:
        _require(self, "operations", 1, 14)
        if not isinstance(self.operations, int):
            raise RecipeError(f"RandAugment.operations must be a whole number. Received: {self.operations!r}")
        _require(self, "magnitude", 0, 10)


@dataclass(frozen=True)
class MixUp:
    """Average two images, and their labels (Zhang et al. 2017, "mixup: Beyond Empirical Risk Minimization").

    Args:
        alpha: The weight of the second image is drawn from Beta(alpha, alpha): the larger, the nearer to a half.
        probability: How often a batch is mixed.

    Example:
        >>> from kerastl.data import Augmentation, MixUp
        >>> Augmentation(mixup=MixUp(alpha=0.4)).mixup
        MixUp(alpha=0.4, probability=1.0)
    """

    alpha: float = 0.2
    probability: float = 1.0

    def __post_init__(self) -> None:
        _require(self, "alpha", 0, 100, above=True)
        _require(self, "probability", 0, 1)


@dataclass(frozen=True)
class CutMix:
    """Paste a rectangle of another image, and mix the labels by area (Yun et al. 2019, "CutMix").

    Args:
        alpha: The fraction of the rectangle is drawn from Beta(alpha, alpha); 1 makes all shares equally likely.
        probability: How often a batch is mixed.

    Example:
        >>> from kerastl.data import Augmentation, CutMix
        >>> Augmentation(cutmix=CutMix(probability=0.3)).cutmix
        CutMix(alpha=1.0, probability=0.3)
    """

    alpha: float = 1.0
    probability: float = 0.5

    def __post_init__(self) -> None:
        _require(self, "alpha", 0, 100, above=True)
        _require(self, "probability", 0, 1)


@dataclass(frozen=True)
class Augmentation:
    """What is done to the images that are trained on, in this order; None is left out.

    A batch gets mixup or cutmix, never both: where both are given, their probabilities must not exceed 1 together.

    Args:
        crop: A random part of the image.
        flip: Mirrored at random.
        rotate: Turned at random.
        color: Brightness, contrast, saturation and hue.
        rand_augment: Random operations.
        mixup: Averages of two.
        cutmix: Patchworks of two.

    Raises:
        RecipeError: If a value is out of range.

    Example:
        >>> from kerastl.data import Augmentation, Crop, Flip, Rotate
        >>> Augmentation(crop=Crop(least_area=0.5), flip=Flip(), rotate=Rotate(15)).rotate.degrees
        15
    """

    crop: Crop | None = None
    flip: Flip | None = None
    rotate: Rotate | None = None
    color: Color | None = None
    rand_augment: RandAugment | None = None
    mixup: MixUp | None = None
    cutmix: CutMix | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None and type(value) is not _OPTIONS[field.name]:
                wanted = _OPTIONS[field.name].__name__
                raise RecipeError(f"Augmentation.{field.name} must be {wanted} or None. Received: {value!r}")
        if self.mixup and self.cutmix and self.mixup.probability + self.cutmix.probability > 1:
            raise RecipeError(
                "a batch is mixed by mixup or by cutmix, so their probabilities must not exceed 1 together. "
                f"Received: {self.mixup.probability} and {self.cutmix.probability}"
            )

    @property
    def varies_images(self) -> bool:
        """Whether single images are changed."""
        return any((self.crop, self.flip, self.rotate, self.color, self.rand_augment))

    @property
    def mixes(self) -> bool:
        """Whether images of a batch are mixed, which makes labels soft."""
        return any((self.mixup, self.cutmix))

    def as_dict(self) -> dict[str, dict[str, float]]:
        """What JSON takes; options that are None are left out."""
        return {name: options for name, options in asdict(self).items() if options is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Augmentation:
        """The reverse of `as_dict`.

        Raises:
            RecipeError: If a name is unknown or a value out of range.
        """
        if not isinstance(values, Mapping):
            raise RecipeError(f"an augmentation must be an object of options. Received: {values!r}")
        options: dict[str, Any] = {}
        for name, arguments in values.items():
            if name not in _OPTIONS:
                raise RecipeError(f"no such augmentation: {name!r}. There are {', '.join(_OPTIONS)}")
            options[name] = None if arguments is None else _option(name, arguments)
        return cls(**options)


def _option(name: str, arguments: Any) -> Any:
    kind = _OPTIONS[name]
    known = [field.name for field in fields(kind)]
    if not isinstance(arguments, Mapping):
        raise RecipeError(f"augmentation {name} must be an object with {', '.join(known)}. Received: {arguments!r}")
    for argument in arguments:
        if argument not in known:
            raise RecipeError(f"augmentation {name} has no {argument!r}. It has {', '.join(known)}")
    return kind(**arguments)


_OPTIONS: dict[str, type[Any]] = {
    "crop": Crop,
    "flip": Flip,
    "rotate": Rotate,
    "color": Color,
    "rand_augment": RandAugment,
    "mixup": MixUp,
    "cutmix": CutMix,
}
