"""How images of any size become one of the wanted size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sample_images import RED, photo

from kerastl.errors import UsageError
from kerastl.images import RESIZE_POLICIES, Resize, load_pixels
from kerastl.images._resizing import region


def bicubic(image, size, box=None):
    """What Pillow gives when each channel is scaled in float32, before it is rounded."""
    channels = [np.asarray(c.convert("F").resize(size, Image.Resampling.BICUBIC, box=box)) for c in image.split()]
    return np.clip(np.stack(channels, axis=-1), 0, 255)


def test_crop_equals_resize_then_center_crop(tmp_path):
    photo(400, 300).save(tmp_path / "a.png")
    # Shorter side 300 to 128 and the center 112: the middle 262.5 pixels of the original.
    expected = bicubic(photo(400, 300), (112, 112), (68.75, 18.75, 331.25, 281.25))
    assert np.abs(load_pixels(tmp_path / "a.png", Resize(112, 112)) - expected).max() <= 1


@pytest.mark.parametrize(
    ("size", "resize", "expected"),
    [
        ((400, 300), Resize(224, 224, crop_fraction=1.0), (50, 0, 350, 300)),
        ((300, 400), Resize(224, 224, crop_fraction=0.5), (75, 125, 225, 275)),
        ((400, 300), Resize(100, 200, crop_fraction=1.0), (0, 50, 400, 250)),
        ((1, 10000), Resize(224, 224, crop_fraction=1.0), (0, 4999.5, 1, 5000.5)),
        ((400, 300), Resize(224, 224, "squash", 0.5), (0, 0, 400, 300)),
    ],
)
def test_regions(size, resize, expected):
    assert region(size, resize) == pytest.approx(expected)


def test_squash_is_plain_antialiased_bicubic():
    expected = bicubic(photo(), (30, 50))
    assert np.abs(load_pixels(photo(), Resize(50, 30, "squash")) - expected).max() <= 1


def test_pad_shows_all_of_the_image_centerd_on_black():
    pixels = load_pixels(Image.new("RGB", (200, 100), RED), Resize(40, 40, "pad"))
    assert (pixels[10:30] == RED).all()
    assert (pixels[:10] == 0).all()
    assert (pixels[30:] == 0).all()


@pytest.mark.parametrize("policy", RESIZE_POLICIES)
@pytest.mark.parametrize("size", [(1, 1), (1, 10000), (10000, 1), (3, 5000)])
def test_extreme_sizes(tmp_path, size, policy):
    Image.new("RGB", size, RED).save(tmp_path / "a.png")
    pixels = load_pixels(tmp_path / "a.png", Resize(32, 48, policy))
    assert (pixels.shape, pixels.dtype) == ((32, 48, 3), np.uint8)
    assert (pixels[15:17, 23:25] == RED).all(-1).any()


@pytest.mark.parametrize("size", [(2048, 1536), (1999, 3001)])
@pytest.mark.parametrize("policy", ["crop", "squash", "pad"])
def test_scaled_decoding_of_large_jpegs_shows_the_same_image(tmp_path, policy, size):
    photo(*size).save(tmp_path / "a.jpg", quality=95)
    with Image.open(tmp_path / "a.jpg") as image:
        whole = load_pixels(image, Resize(64, 64, policy)).astype(int)  # PIL images are never decoded scaled
    scaled = load_pixels(tmp_path / "a.jpg", Resize(64, 64, policy)).astype(int)
    assert np.abs(whole - scaled).mean() < 0.5
    assert np.abs(whole - scaled).max() <= 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"height": 0, "width": 4}, "height must be a whole number of pixels, 1 to 8,192. Received: height=0"),
        ({"height": 8193, "width": 4}, "1 to 8,192. Received: height=8193"),
        ({"height": 4, "width": 2.5}, "width must be .* Received: width=2.5"),
        ({"height": 4, "width": 4, "policy": "stretch"}, "one of crop, squash, pad, keras. Received: 'stretch'"),
        ({"height": 4, "width": 4, "crop_fraction": 1.5}, "crop_fraction must be above 0 and at most 1"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(UsageError, match=message):
        Resize(**arguments)
