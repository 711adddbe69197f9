"""The `keras` policy is `keras.utils.load_img`, to the bit."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from PIL import Image
from sample_images import photo, written

from kerastl.images import Resize, load_pixels


@pytest.fixture(scope="module")
def load_img():
    from kerastl._base.keras_import import import_keras

    return import_keras().utils.load_img


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"])
@pytest.mark.parametrize("size", [(224, 224), (31, 77), (64, 96)])
def test_keras_policy_is_load_img(tmp_path, load_img, mode, size):
    image = photo().convert("RGBA")
    image.putalpha(image.getchannel("R"))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 3)
    written(image.convert(mode), tmp_path / "a.tif")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(load_img(tmp_path / "a.tif", target_size=size))
    assert np.array_equal(load_pixels(tmp_path / "a.tif", Resize(*size, "keras")), expected)


@pytest.mark.parametrize("name", ["turned.jpg", "large.jpg", "alpha.png", "palette.gif", "transparent.png"])
def test_keras_policy_on_files(tmp_path, load_img, name):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo(1600, 1200).save(tmp_path / "large.jpg", progressive=True)
    photo().save(tmp_path / "turned.jpg", exif=exif)
    photo().convert("RGBA").save(tmp_path / "alpha.png")
    photo().quantize(9).save(tmp_path / "palette.gif", transparency=2)
    photo().quantize(9).save(tmp_path / "transparent.png", transparency=b"\0\x80")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(load_img(tmp_path / name, target_size=(99, 100)))
    assert np.array_equal(load_pixels(tmp_path / name, Resize(99, 100, "keras")), expected)
