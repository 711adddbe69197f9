"""An explanation as one image to look at: the original, the map over it, and what it is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kerastl._base.text import percent
from kerastl.explaining._lettering import Line
from kerastl.explaining._overlay import overlay
from kerastl.images._resizing import fitted, region

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from kerastl.explaining._explanation import Explanation
    from kerastl.images import Resize

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
