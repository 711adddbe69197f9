"""What an explanation of one image holds, and how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kerastl._base.text import brief, percent, printable
from kerastl.explaining._methods import METHODS, Sign

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from kerastl.images import Resize


@dataclass(frozen=True, eq=False, slots=True)
class Explanation:
    """Which pixels of an image count for a class.

    Args:
        path: The image's file, or `None` for images that came from memory.
        model: The name of the model that answered.
        label: The class that is explained.
        index: Its position in the model's output.
        score: The model's probability for it, between 0 and 1.
        method: How the map was made: a name of `kerastl.explaining.METHODS`.
        map: float32 array of shape (height, width). `gradcam`: in [0, 1], scaled so that the largest value is 1.
            `integrated-gradients`: signed; adds up to the class's score before the softmax minus that of a gray
            image. `idgi`: adds up to the same, but tells only how much a pixel matters, not which way. `occlusion`:
            signed; how far the probability falls when the place is covered.
        pixels: uint8 array of shape (height, width, 3), RGB: the image as the network sees it, upright and resized.

    Example:
        >>> import kerastl
        >>> explanation = kerastl.load("kerastl_mini").explain("data/umbrella.png", method="occlusion")
        >>> explanation.label, explanation.map.shape, explanation.map.dtype.name
        ('umbrella', (32, 32), 'float32')
    """

    path: str | None
    model: str
    label: str
    index: int
    score: float
    method: str
    map: np.ndarray
    pixels: np.ndarray

    @property
    def sign(self) -> Sign:
        """What the sign of the values means; see `ExplanationMethod`."""
        return METHODS[self.method].sign

    @property
    def signed(self) -> bool:
        """Whether values below 0 speak against the class; else only their size has a meaning."""
        return self.sign == "signed"

    def __repr__(self) -> str:
        height, width = self.map.shape
        return f"<Explanation of {self}: {width}x{height} pixels>"

    def __str__(self) -> str:
        title = f"{brief(self.label)} {percent(self.score)} by {self.method}"
        return title if self.path is None else f"{printable(self.path)}: {title}"

    def overlay(self) -> Image:
        """Paint the map over the image.

        Returns:
            A PIL image of mode RGB, as large as the network's input. Unsigned maps run from violet to yellow; signed
            ones are orange for the class and blue against it.
        """
        from kerastl.explaining._overlay import overlay

        return overlay(self.pixels, self.map, signed=self.signed)

    def illustration(self, original: Image | None = None, resize: Resize | None = None) -> Image:
        """Draw the image, the map over it and what it is about as one image.

        Args:
            original: The whole image, upright, RGB. Without it what the network sees is drawn.
            resize: How the network got its pixels from `original`, as `Classifier.metadata.resize` says.

        Returns:
            A PIL image of mode RGB, some hundred pixels on a side.
        """
        from kerastl.explaining._illustration import illustration

        return illustration(self, original, resize)

    def figure(self) -> Figure:
        """Draw the image and the overlay side by side."""
        from kerastl import plots

        return plots.saliency(self)

    def _repr_png_(self) -> bytes:
        import io

        stream = io.BytesIO()
        self.overlay().save(stream, "PNG")
        return stream.getvalue()

    def _repr_html_(self) -> str:
        import base64

        from kerastl._base import display

        image = base64.b64encode(self._repr_png_()).decode("ascii")
        title = display.text(self)
        return (
            f"<figure style='display:inline-block;margin:0.3em'><img alt='{title}' "
            f"style='min-width:14em' src='data:image/png;base64,{image}'><figcaption>{title}</figcaption></figure>"
        )
