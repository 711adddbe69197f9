"""Images and shorthands that the tests of this folder share."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kerastl.errors import ImageError
from kerastl.images import Resize, load_pixels

RED, BLUE = (255, 0, 0), (0, 0, 255)


def photo(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth colors, different in each corner."""
    y, x = np.mgrid[0:height, 0:width]
    planes = [x * 255 // (width - 1), y * 255 // (height - 1), (x + y) * 255 // (width + height - 2)]
    return Image.fromarray(np.stack(planes, -1).astype(np.uint8))


def written(image: Image.Image, path) -> None:
    """Save an image; a Pillow that cannot read its own file of that mode (YCbCr in TIFF before 13) skips the test."""
    image.save(path)
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        pytest.skip(f"this Pillow cannot read its own {path.suffix} of mode {image.mode}")


def exact(path, width, height, policy="squash"):
    return load_pixels(path, Resize(height, width, policy))


def reason(source, resize=None):
    with pytest.raises(ImageError) as caught:
        load_pixels(source, resize or Resize(8, 8))
    assert str(caught.value).count("\n") == 0
    return caught.value.reason
