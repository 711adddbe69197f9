"""Images that come with what is installed, to compare exports on where nobody gives any.

Three photographs, whole and in parts, and six drawings. A network need not know what they show: they are images as it
is made for, with textures, edges and colors, where noise would be none.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np

BUILT_IN = "the built-in images"
# Left, upper, right and lower edge of a part, in fractions of width and height.
_PARTS = (
    (0.0, 0.0, 1.0, 1.0),
    (0.0, 0.0, 0.5, 0.5),
    (0.5, 0.0, 1.0, 0.5),
    (0.0, 0.5, 0.5, 1.0),
    (0.5, 0.5, 1.0, 1.0),
    (0.25, 0.25, 0.75, 0.75),
)
_PHOTOGRAPHS = (
    ("sklearn", "datasets", "images", "china.jpg"),
    ("sklearn", "datasets", "images", "flower.jpg"),
    ("matplotlib", "mpl-data", "sample_data", "grace_hopper.jpg"),
)
_FOLDER = Path(__file__).with_name("drawings")
_DRAWINGS = (
    "balloons.jpg", "candle.jpg", "jack_o_lantern.png", "soccer_ball.jpg", "traffic_light.png", "umbrella.png"
)  # fmt: skip


def builtin_images() -> Iterator[np.ndarray]:
    """The images, always the same: uint8 arrays of shape (height, width, 3), RGB."""
    import numpy as np

    for image in _photographs():
        for left, upper, right, lower in _PARTS:
            width, height = image.size
            edges = (round(left * width), round(upper * height), round(right * width), round(lower * height))
            yield np.asarray(image.crop(edges))
    for name in _DRAWINGS:
        yield np.asarray(_opened(_FOLDER / name))


def _photographs() -> Iterator[Image.Image]:
    """A palace, a flower (both with scikit-learn, CC BY 2.0) and a portrait (with Matplotlib, public domain).

    Packagers may leave some out.
    """
    for package, *parts in _PHOTOGRAPHS:
        found = importlib.util.find_spec(package)  # imports nothing
        for folder in (found.submodule_search_locations or ()) if found is not None else ():
            file = Path(folder, *parts)
            if file.is_file():
                yield _opened(file)


def _opened(file: Path) -> Image.Image:
    with Image.open(file) as image:
        return image.convert("RGB")
