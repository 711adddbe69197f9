"""How images of any size become one of the wanted size."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sample_images import RED, photo

from kerastl.errors import UsageError
from kerastl.images import RESIZE_POLICIES, Resize, load_pixels
from kerastl.images._resizing import region, resize_region


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


def cubic(distance):
    """Keys's kernel with a = -0.5 (Keys 1981, equation 15)."""
    x = np.abs(distance)
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def weights(length, size, start, stop):
    """One row for each pixel of the result: what each of the image's pixels counts."""
    step = (stop - start) / size
    centers = start + (np.arange(size)[:, None] + 0.5) * step
    rows = cubic((np.arange(length)[None] + 0.5 - centers) / max(step, 1.0))
    return rows / rows.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((50, 30), (0, 0, 120, 80)),
        ((60, 70), (10.25, 3.5, 90.75, 77.0)),
        ((200, 160), (0, 0, 120, 80)),  # enlarged
        ((100, 40), (20.5, 0, 60.5, 80)),  # enlarged one way, shrunk the other
    ],
)
def test_the_filter_is_keys_cubic_widened_when_shrinking(size, box):
    image = photo(120, 80)
    across, down = weights(120, size[0], box[0], box[2]), weights(80, size[1], box[1], box[3])
    expected = np.einsum("yh,hwc,xw->yxc", down, np.asarray(image, float), across).clip(0, 255)
    assert np.abs(np.asarray(resize_region(image, size, box)) - expected).max() <= 1


def test_what_lies_outside_the_region_hardly_matters_and_inside_does():
    pixels = np.full((64, 64, 3), 100, np.uint8)
    pixels[:, 40:] = 250  # more than the filter's reach of two pixels to the right of the region
    assert (np.asarray(resize_region(Image.fromarray(pixels), (16, 32), (0, 0, 32, 64))) == 100).all()
    pixels[:, 31] = 250
    assert (np.asarray(resize_region(Image.fromarray(pixels), (16, 32), (0, 0, 32, 64)))[:, -1] > 110).all()


def test_far_too_large_images_are_averaged_first_to_about_the_same():
    image = photo(1200, 900)
    direct = image.resize((40, 30), Image.Resampling.BICUBIC)
    ours = np.asarray(resize_region(image, (40, 30), (0, 0, 1200, 900))).astype(int)
    assert np.abs(ours - np.asarray(direct)).max() <= 2


def test_regions_at_the_last_pixel():
    image = photo(37, 2)
    assert resize_region(image, (224, 224), (36.5, 1.5, 37.0, 2.0)).size == (224, 224)
    assert resize_region(image, (3, 3), (0.0, 0.0, 37.0, 2.0)).size == (3, 3)
