"""Explanations beside the images they explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from kerastl.models._labels import percent
from kerastl.plots import _style as style
from kerastl.plots._labels import label, label_style

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from PIL.Image import Image


class Explained(Protocol):
    """What is drawn of an explanation; `kerastl.explaining.Explanation` has it."""

    @property
    def pixels(self) -> np.ndarray:
        """uint8 array of shape (height, width, 3), RGB."""

    @property
    def label(self) -> str:
        """The class that is explained."""

    @property
    def score(self) -> float:
        """Its probability."""

    @property
    def method(self) -> str:
        """How the map was made."""

    @property
    def signed(self) -> bool:
        """Whether the map has two signs."""

    def overlay(self) -> Image:
        """The map over the image."""


def saliency(*explanations: Explained) -> Figure:
    """Draw each explanation in a row: the image as the network sees it, and the map over it.

    Args:
        explanations: One or more.
    """
    figure = style.new_figure(5.2, 2.95 * max(1, len(explanations)))
    cells = figure.subplots(max(1, len(explanations)), 2, squeeze=False)
    for (left, right), one in zip(cells, explanations, strict=True):
        for axes, image in ((left, one.pixels), (right, one.overlay())):
            axes.imshow(image, interpolation="nearest")
            axes.set_axis_off()
        title = f"{label(one.label, 40)}\n{percent(one.score)}"
        left.set_title(title, color=style.TEXT, **label_style(title, style.NORMAL))
        right.set_title(_legend(one), fontsize=style.NORMAL, color=style.TEXT)
    return figure


def _legend(one: Explained) -> str:
    if one.signed:
        return f"{one.method}\norange: for, blue: against"
    return f"{one.method}\nviolet to yellow: {'for' if one.method == 'gradcam' else 'matters'}"
