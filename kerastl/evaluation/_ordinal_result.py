"""What an evaluation of a model whose classes have an order found, as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from kerastl._metrics.ordinal import quadratic_kappa, rank_errors
from kerastl.evaluation._bootstrap import PerImage, Resampled
from kerastl.evaluation._result import FIGURES as OF_CLASSES
from kerastl.evaluation._result import FRACTIONS, Evaluation
from kerastl.tasks._task import ORDINAL

# What the order adds stands first, behind the accuracy.
FIGURES = {
    "accuracy": OF_CLASSES["accuracy"],
    "within_one": "within one class",
    "mean_rank_error": "mean error in classes",
    "quadratic_kappa": "quadratic kappa",
    **OF_CLASSES,
}


@dataclass(frozen=True)
class PerRankedImage:
    """What each image adds to the figures of classes that have an order.

    Args:
        images: To those of classes without one.
        predicted: int64 (n,): the places of the classes that were given.
        labels: int64 (n,): of the right ones.
    """

    images: PerImage
    predicted: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> PerRankedImage:
        """Some of the images, or some of them several times."""
        return PerRankedImage(self.images.take(indices), self.predicted[indices], self.labels[indices])

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        off = rank_errors(self.predicted, self.labels)
        return {
            **self.images.figures(),
            "within_one": float((off <= 1).mean()),
            "mean_rank_error": float(off.mean()),
            "quadratic_kappa": quadratic_kappa(self.predicted, self.labels),
        }


@dataclass(frozen=True, eq=False, repr=False)
class OrdinalEvaluation(Evaluation):
    """How a model whose classes have an order does on labeled images.

    The given class is the most probable one, as in `kerastl classify`. `labels` are in their order.

    Example:
        >>> import numpy as np
        >>> from kerastl.evaluation import OrdinalEvaluation
        >>> from kerastl.models import LabelSet
        >>> rows = np.array([[0.8, 0.1, 0.1], [0.7, 0.2, 0.1]], "float32")
        >>> labels, paths = LabelSet(("low", "mid", "high")), ("a.jpg", "b.jpg")
        >>> found = OrdinalEvaluation("model", "data", "val", labels, paths, np.array([0, 2]), rows)
        >>> found.mean_rank_error, found.figures["within_one"].value
        (1.0, 0.5)
    """

    task: ClassVar[str] = ORDINAL
    names: ClassVar[Mapping[str, str]] = FIGURES
    fractions: ClassVar[frozenset[str]] = FRACTIONS | {"within_one"}

    @property
    def _images(self) -> Resampled:
        return PerRankedImage(self._each, self.predicted, self.truth)

    @property
    def mean_rank_error(self) -> float:
        """How many classes the answers are off on average."""
        return float(rank_errors(self.predicted, self.truth).mean())

    @property
    def quadratic_kappa(self) -> float:
        """Cohen's kappa with squared distances as weights: 1 is perfect, 0 what chance would reach."""
        return quadratic_kappa(self.predicted, self.truth)

    @property
    def headline(self) -> str:
        """Accuracy and mean error in words."""
        return f"{super().headline}, {self.mean_rank_error:.2f} classes off on average"

    def _details(self) -> dict[str, Any]:
        return {"task": self.task, **super()._details()}
