"""Decoding and resizing, held against plain Pillow and `keras.utils.load_img`."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kerastl.errors import ImageError, UsageError
from kerastl.images import Resize, load_pixels, open_image


def test_crop_equals_resize_then_centre_crop(tmp_path):
    gradient = np.linspace(0, 255, 400 * 300 * 3).reshape(300, 400, 3).astype(np.uint8)
    path = tmp_path / "a.png"
    Image.fromarray(gradient).save(path)
    # Shorter side 300 to 128 and the centre 112: the middle 262.5 pixels of the original.
    expected = Image.fromarray(gradient).resize(
        (112, 112), Image.Resampling.BICUBIC, box=(68.75, 18.75, 331.25, 281.25)
    )
    assert np.array_equal(load_pixels(path, Resize(112, 112)), np.asarray(expected))


def test_missing_file_is_an_image_error(tmp_path):
    with pytest.raises(ImageError, match="no such file"):
        load_pixels(tmp_path / "none.jpg", Resize(8, 8))


def test_float_arrays_are_refused():
    with pytest.raises(UsageError, match=r"uint8.*Received: shape=\(4, 4, 3\), dtype=float64"):
        load_pixels(np.zeros((4, 4, 3)), Resize(8, 8))


def test_open_image_is_upright_rgb(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "lying.jpg"
    Image.new("L", (40, 20)).save(path, exif=exif)
    image = open_image(path)
    assert (image.mode, image.size) == ("RGB", (20, 40))
