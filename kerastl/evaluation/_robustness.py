"""How a model does on images made worse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._classifier import Classifier
from kerastl.evaluation import _corruptions as corruptions
from kerastl.evaluation._labeled import Labeled, Progress, compute

if TYPE_CHECKING:
    from kerastl.data import Item


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


def robustness(images: Labeled, classifier: Classifier, seed: int = 0, progress: Progress | None = None) -> Robustness:
    """Show a model each image as it is and in 35 worse forms.

    Args:
        images: The images; those that cannot be read are left out.
        classifier: The model.
        seed: Of what is random in the corruptions.
        progress: Called with the images done and their number.

    Raises:
        DataError: Not one image can be read.
    """

    def work(pixels: np.ndarray, items: Sequence[Item]) -> list[np.ndarray]:
        return [
            _answers(classifier, one, item.path, seed) == truth
            for one, item, truth in zip(pixels, items, images.truth(items), strict=True)
        ]

    _, rows, _ = compute(images, classifier, work, progress, "scoring images made worse")
    shares = np.mean(rows, axis=0)
    table = shares[1:].reshape(len(corruptions.NAMES), corruptions.STRENGTHS)
    accuracy = {name: tuple(map(float, row)) for name, row in zip(corruptions.NAMES, table, strict=True)}
    return Robustness(float(shares[0]), accuracy)


def _answers(classifier: Classifier, pixels: np.ndarray, path: str, seed: int) -> np.ndarray:
    """The best class of an image and of its worse forms: integers of shape (1 + corruptions * strengths,)."""
    forms = [
        corruptions.corrupt(pixels, name, strength, path, seed)
        for name in corruptions.NAMES
        for strength in range(1, corruptions.STRENGTHS + 1)
    ]
    # One at a time: a network runs a few images together no faster, and a copy of the forms is saved.
    return np.array([classifier.predict_pixels(form[None]).argmax() for form in (pixels, *forms)])
