"""How a model does on images that are corrupted in seven ways, five times each, as cameras, cables and weather do.

Noise, blur, brightness, contrast, JPEG and pixelation have the parameters of ImageNet-C (Hendrycks and Dietterich
2019; blur is its extra "Gaussian blur"), which are for 224 pixels; the blur grows with the image. Rotation is not in
ImageNet-C; its angles are ours. As there, what is corrupted is the cropped image that goes into the network.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._classifier import Classifier
from kerastl._progress import ProgressCallback
from kerastl.evaluation._labeled import Labeled, compute

if TYPE_CHECKING:
    from kerastl.data import Item

STRENGTHS = 5
_SIDE = 224


def _noise(pixels: np.ndarray, deviation: float, random: np.random.Generator) -> np.ndarray:
    return _bytes(pixels / 255 + random.normal(scale=deviation, size=pixels.shape))


def _blur(pixels: np.ndarray, deviation: float, _: np.random.Generator) -> np.ndarray:
    from PIL import Image, ImageFilter

    radius = deviation * max(pixels.shape[:2]) / _SIDE
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(radius)))


def _brightness(pixels: np.ndarray, more: float, _: np.random.Generator) -> np.ndarray:
    # Raising the value in HSV and leaving hue and saturation scales the three channels alike.
    values = pixels / 255
    value = values.max(axis=-1, keepdims=True)
    raised = np.minimum(value + more, 1)
    return _bytes(np.where(value > 0, values * raised / np.where(value > 0, value, 1), raised))


def _contrast(pixels: np.ndarray, fraction: float, _: np.random.Generator) -> np.ndarray:
    values = pixels / 255
    mean = values.mean(axis=(0, 1), keepdims=True)
    return _bytes((values - mean) * fraction + mean)


def _jpeg(pixels: np.ndarray, quality: float, _: np.random.Generator) -> np.ndarray:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=int(quality))
    with Image.open(stream) as image:
        return np.asarray(image)


def _pixelation(pixels: np.ndarray, fraction: float, _: np.random.Generator) -> np.ndarray:
    from PIL import Image

    height, width = pixels.shape[:2]
    small = max(int(width * fraction), 1), max(int(height * fraction), 1)
    image = Image.fromarray(pixels).resize(small, Image.Resampling.BOX)
    return np.asarray(image.resize((width, height), Image.Resampling.BOX))


def _rotation(pixels: np.ndarray, degrees: float, random: np.random.Generator) -> np.ndarray:
    from PIL import Image

    # The corners get the mean color, which stands out less than black.
    mean = tuple(int(channel) for channel in pixels.mean(axis=(0, 1)).round())
    angle = degrees * random.choice([-1, 1])
    return np.asarray(Image.fromarray(pixels).rotate(angle, Image.Resampling.BILINEAR, fillcolor=mean))


_Corruption = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
# What is done, and its parameter at the five strengths.
_ALL: Mapping[str, tuple[_Corruption, tuple[float, ...]]] = MappingProxyType(
    {
        "noise": (_noise, (0.08, 0.12, 0.18, 0.26, 0.38)),
        "blur": (_blur, (1, 2, 3, 4, 6)),
        "brightness": (_brightness, (0.1, 0.2, 0.3, 0.4, 0.5)),
        "contrast": (_contrast, (0.4, 0.3, 0.2, 0.1, 0.05)),
        "jpeg": (_jpeg, (25, 18, 15, 10, 7)),
        "pixelation": (_pixelation, (0.6, 0.5, 0.4, 0.3, 0.25)),
        "rotation": (_rotation, (10, 20, 30, 40, 50)),
    }
)
NAMES = tuple(_ALL)


def corrupt(pixels: np.ndarray, name: str, strength: int, key: str = "", seed: int = 0) -> np.ndarray:
    """Make an image worse.

    Args:
        pixels: uint8 array of shape (height, width, 3), RGB.
        name: One of `NAMES`.
        strength: From 1 to `STRENGTHS`.
        key: What names the image, its path say: what is random depends on this, and not on other images.
        seed: Of what is random.

    Returns:
        uint8 array of the same shape.
    """
    work, parameters = _ALL[name]
    random = np.random.default_rng([seed, zlib.crc32(key.encode("utf-8", "surrogateescape")), NAMES.index(name)])
    return work(pixels, parameters[strength - 1], random)


def _bytes(values: np.ndarray) -> np.ndarray:
    return (np.clip(values, 0, 1) * 255).round().astype(np.uint8)


@dataclass(frozen=True)
class Robustness:
    """Accuracy under corruptions.

    Args:
        clean: On the images as they are.
        accuracy: Corruption to accuracy at each strength, from weak to strong.
    """

    clean: float
    accuracy: dict[str, tuple[float, ...]]

    @property
    def mean(self) -> float:
        """Over all corruptions and strengths."""
        return float(np.mean(list(self.accuracy.values())))

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON values."""
        named = {name: {"strengths": list(row), "mean": float(np.mean(row))} for name, row in self.accuracy.items()}
        return {"clean": self.clean, "mean": self.mean, "corruptions": named}


def robustness(
    images: Labeled, classifier: Classifier, seed: int = 0, progress: ProgressCallback | None = None
) -> Robustness:
    """Show a model each image as it is and in 35 worse forms.

    Args:
        images: The images; those that cannot be read are left out.
        classifier: The model.
        seed: Of what is random in the corruptions.
        progress: Told of it, see `ProgressCallback`.

    Raises:
        DataError: Not one image can be read.
    """

    def work(pixels: np.ndarray, items: Sequence[Item]) -> list[np.ndarray]:
        return [
            _answers(classifier, one, item.path, seed) == truth
            for one, item, truth in zip(pixels, items, images.truth(items), strict=True)
        ]

    _, rows, _ = compute(images, classifier, work, progress, "scoring images made worse")
    fractions = np.mean(rows, axis=0)
    table = fractions[1:].reshape(len(NAMES), STRENGTHS)
    accuracy = {name: tuple(map(float, row)) for name, row in zip(NAMES, table, strict=True)}
    return Robustness(float(fractions[0]), accuracy)


def _answers(classifier: Classifier, pixels: np.ndarray, path: str, seed: int) -> np.ndarray:
    """The best class of an image and of its worse forms: integers of shape (1 + corruptions * strengths,)."""
    forms = [corrupt(pixels, name, strength, path, seed) for name in NAMES for strength in range(1, STRENGTHS + 1)]
    # One at a time: a network runs a few images together no faster, and a copy of the forms is saved.
    return np.array([classifier.predict_pixels(form[None]).argmax() for form in (pixels, *forms)])
