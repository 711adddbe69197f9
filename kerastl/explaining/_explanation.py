"""What a method found about an image, as a value, and as an image with a legend."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._base.text import brief, percent, printable
from kerastl.explaining._lettering import Line
from kerastl.explaining._methods import METHODS, Sign
from kerastl.explaining._overlay import overlay
from kerastl.images._resizing import fitted, region

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


LONG_SIDE = 720
"""Of each of the two images, in pixels, at most."""

_SHORTEST = 360  # smaller images are enlarged, so that there is something to see
_WIDE = 1.5  # wider images stand above each other
_GAP, _MARGIN = 12, 14
_UNSEEN = 0.35  # how bright an image is where the network does not look
_TEXT, _GRAY = "#222222", "#6B6B6B"

_MEANINGS = {
    "positive": "yellow counts for it most",
    "signed": "orange counts for it, blue against it",
    "magnitude": "yellow matters most for it",
}


def illustration(explanation: Explanation, original: Image | None = None, resize: Resize | None = None) -> Image:
    """Draw the image and the map over it side by side, or one above the other where it is wide, under a title.

    Args:
        explanation: What is drawn.
        original: The whole image, upright, RGB. Without it what the network sees is drawn.
        resize: How the network got its pixels from `original`: what it did not see is dark beside the map.

    Returns:
        A PIL image of mode RGB.
    """
    from PIL import Image, ImageDraw

    # Keras's own way does not turn images upright, so that the map may lie on its side.
    if original is None or resize is None or resize.policy == "keras":
        original, resize = Image.fromarray(explanation.pixels), None
    left = _sized(original)
    right = _painted(explanation, left, resize)
    stacked = left.width > _WIDE * left.height
    step = (0, left.height + _GAP) if stacked else (left.width + _GAP, 0)
    title, captions = _words(explanation)
    width = max(left.width + step[0] + 2 * _MARGIN, _SHORTEST)
    top = _MARGIN + title.height
    height = top + left.height + step[1] + _GAP + sum(line.height for line in captions) + _MARGIN
    canvas = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(canvas)
    title.draw(draw, (_MARGIN, _MARGIN // 2), width - 2 * _MARGIN)
    canvas.paste(left, (_MARGIN, top))
    canvas.paste(right, (_MARGIN + step[0], top + step[1]))
    y = top + left.height + step[1] + _GAP // 2
    for line in captions:
        line.draw(draw, (_MARGIN, y), width - 2 * _MARGIN)
        y += line.height
    return canvas


def _sized(image: Image) -> Image:
    """The image at a size to look at; very small ones show their pixels."""
    from PIL import Image

    longest = max(image.size)
    if longest < _SHORTEST:
        factor = -(-_SHORTEST // longest)
        return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)
    scale = min(1.0, LONG_SIDE / longest)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _painted(explanation: Explanation, image: Image, resize: Resize | None) -> Image:
    """The image with the map over what the network saw of it, and the rest dark."""
    import numpy as np
    from PIL import Image

    values = explanation.map
    box = (0, 0, *image.size)
    if resize is not None:
        left, top, right, bottom = region(image.size, resize)
        box = (round(left), round(top), max(round(right), round(left) + 1), max(round(bottom), round(top) + 1))
        values = _without_border(values, fitted(image.size, resize))
    size = (box[2] - box[0], box[3] - box[1])
    large = np.asarray(Image.fromarray(values.astype(np.float32)).resize(size, Image.Resampling.BICUBIC))
    seen = overlay(np.asarray(image.crop(box)), large, signed=explanation.signed)
    painted = image.convert("L").point(lambda value: round(_UNSEEN * value)).convert("RGB")
    painted.paste(seen, box[:2])
    return painted


def _without_border(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The map of the image alone, where it was padded to the network's size."""
    width, height = size
    left, top = (values.shape[1] - width) // 2, (values.shape[0] - height) // 2
    return values[top : top + height, left : left + width]


def _words(explanation: Explanation) -> tuple[Line, tuple[Line, ...]]:
    name = "" if explanation.path is None else f"{Path(explanation.path).name}, "
    meaning = _MEANINGS[explanation.sign]
    return (
        Line(explanation.label, 22, _TEXT, f"  {percent(explanation.score)}"),
        (Line(f"{explanation.method}: {meaning}", 13, _GRAY), Line(f"{name}{explanation.model}", 13, _GRAY)),
    )
