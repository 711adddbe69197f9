"""Figures. Each function gives a matplotlib figure back; none shows or saves it, and none touches pyplot's state.

`figure.savefig(path)` writes one. As the last value of a notebook's cell it shows itself.
"""

from __future__ import annotations

from kerastl.plots.confidence import reliability
from kerastl.plots.confusion import confusion_matrix
from kerastl.plots.curves import learning_rates, read_history, training_curves
from kerastl.plots.pictures import augmented, picture_grid, predictions
from kerastl.plots.pretraining import pretraining_curves
from kerastl.plots.saliency import saliency

__all__ = [
    "augmented",
    "confusion_matrix",
    "learning_rates",
    "picture_grid",
    "predictions",
    "pretraining_curves",
    "read_history",
    "reliability",
    "saliency",
    "training_curves",
]
