"""Figures. Each function gives a matplotlib figure back; none shows or saves it, and none touches pyplot's state.

`figure.savefig(path)` writes one. As the last value of a notebook's cell it shows itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.plots._curves import learning_rates as learning_rates
    from kerastl.plots._curves import pretraining_curves as pretraining_curves
    from kerastl.plots._curves import read_history as read_history
    from kerastl.plots._curves import training_curves as training_curves
    from kerastl.plots._embedding_map import embedding_map as embedding_map
    from kerastl.plots._evaluation import confusion_matrix as confusion_matrix
    from kerastl.plots._evaluation import reliability as reliability
    from kerastl.plots._images import augmented as augmented
    from kerastl.plots._images import image_grid as image_grid
    from kerastl.plots._images import predictions as predictions
    from kerastl.plots._images import saliency as saliency
    from kerastl.plots._learning_curve import learning_curve as learning_curve
    from kerastl.plots._tasks import precision_recall as precision_recall
    from kerastl.plots._tasks import predicted_numbers as predicted_numbers

_MODULES = {
    "augmented": "kerastl.plots._images",
    "confusion_matrix": "kerastl.plots._evaluation",
    "embedding_map": "kerastl.plots._embedding_map",
    "image_grid": "kerastl.plots._images",
    "learning_curve": "kerastl.plots._learning_curve",
    "learning_rates": "kerastl.plots._curves",
    "precision_recall": "kerastl.plots._tasks",
    "predicted_numbers": "kerastl.plots._tasks",
    "predictions": "kerastl.plots._images",
    "pretraining_curves": "kerastl.plots._curves",
    "read_history": "kerastl.plots._curves",
    "reliability": "kerastl.plots._evaluation",
    "saliency": "kerastl.plots._images",
    "training_curves": "kerastl.plots._curves",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
