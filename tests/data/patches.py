"""Images for tests, each unlike the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from PIL import Image

Fill = Callable[[Mapping[str, int | str]], Path]
"""Writes files below a folder: a number is the seed of an image, a string the content of a text file."""


def noise(seed: int, size: int = 32) -> Image.Image:
    """An image of colored patches; another seed gives one that looks different."""
    patches = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(patches).resize((size, size), Image.Resampling.NEAREST)
