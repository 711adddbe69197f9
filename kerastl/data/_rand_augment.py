"""The operations of RandAugment (Cubuk et al. 2019), each on one image at a strength from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image, ImageEnhance, ImageOps

from kerastl.data._augmentation import RandAugment

if TYPE_CHECKING:
    import numpy as np

GRAY = (128, 128, 128)
"""What comes in where an image is moved away."""

MAX_TURN = 30.0  # degrees
MAX_SHEAR = 0.3
MAX_MOVE = 0.45  # of the side
MAX_ENHANCEMENT = 0.9
MAX_BITS_LOST = 4

Operation = Callable[[Image.Image, float], Image.Image]


def _affine(
    image: Image.Image, *coefficients: float, resample: Image.Resampling = Image.Resampling.BILINEAR
) -> Image.Image:
    return image.transform(image.size, Image.Transform.AFFINE, coefficients, resample, fillcolor=GRAY)


def _move(image: Image.Image, x: float, y: float) -> Image.Image:
    # By whole pixels there is nothing to interpolate.
    return _affine(image, 1, 0, round(x), 0, 1, round(y), resample=Image.Resampling.NEAREST)


def _shear_x(image: Image.Image, strength: float) -> Image.Image:
    slope = MAX_SHEAR * strength
    return _affine(image, 1, slope, -slope * image.height / 2, 0, 1, 0)


def _shear_y(image: Image.Image, strength: float) -> Image.Image:
    slope = MAX_SHEAR * strength
    return _affine(image, 1, 0, 0, slope, 1, -slope * image.width / 2)


def _move_x(image: Image.Image, strength: float) -> Image.Image:
    return _move(image, MAX_MOVE * strength * image.width, 0)


def _move_y(image: Image.Image, strength: float) -> Image.Image:
    return _move(image, 0, MAX_MOVE * strength * image.height)


def _turn(image: Image.Image, strength: float) -> Image.Image:
    return image.rotate(MAX_TURN * strength, Image.Resampling.BILINEAR, fillcolor=GRAY)


def _enhance(kind: Callable[[Image.Image], ImageEnhance._Enhance]) -> Operation:
    return lambda image, strength: kind(image).enhance(1.0 + MAX_ENHANCEMENT * strength)


def _posterize(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.posterize(image, 8 - round(MAX_BITS_LOST * abs(strength)))


def _solarize(image: Image.Image, strength: float) -> Image.Image:
    return ImageOps.solarize(image, round(256 * (1.0 - abs(strength))))


# A negative strength turns, shears and moves the other way, and enhances down.
OPERATIONS: dict[str, Operation] = {
    "identity": lambda image, strength: image,
    "auto_contrast": lambda image, strength: ImageOps.autocontrast(image),
    "equalize": lambda image, strength: ImageOps.equalize(image),
    "rotate": _turn,
    "solarize": _solarize,
    "color": _enhance(ImageEnhance.Color),
    "posterize": _posterize,
    "contrast": _enhance(ImageEnhance.Contrast),
    "brightness": _enhance(ImageEnhance.Brightness),
    "sharpness": _enhance(ImageEnhance.Sharpness),
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "translate_x": _move_x,
    "translate_y": _move_y,
}


def apply(image: Image.Image, options: RandAugment, rng: np.random.Generator) -> Image.Image:
    """Apply random operations, one after the other.

    Args:
        image: An image of mode RGB.
        options: How many, and how strong.
        rng: Where chance comes from.

    Returns:
        An image of the same size and mode.
    """
    operations = list(OPERATIONS.values())
    for _ in range(options.operations):
        sign = 1.0 if rng.random() < 0.5 else -1.0
        image = operations[rng.integers(len(operations))](image, sign * options.magnitude / 10.0)
    return image
