"""The filter behind every resize but Keras's own."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from sample_images import photo

from kerastl.images._scaling import scaled


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
    assert np.abs(np.asarray(scaled(image, size, box)) - expected).max() <= 1


def test_what_lies_outside_the_region_hardly_matters_and_inside_does():
    pixels = np.full((64, 64, 3), 100, np.uint8)
    pixels[:, 40:] = 250  # more than the filter's reach of two pixels to the right of the region
    assert (np.asarray(scaled(Image.fromarray(pixels), (16, 32), (0, 0, 32, 64))) == 100).all()
    pixels[:, 31] = 250
    assert (np.asarray(scaled(Image.fromarray(pixels), (16, 32), (0, 0, 32, 64)))[:, -1] > 110).all()


def test_far_too_large_images_are_averaged_first_to_about_the_same():
    image = photo(1200, 900)
    direct = image.resize((40, 30), Image.Resampling.BICUBIC)
    ours = np.asarray(scaled(image, (40, 30), (0, 0, 1200, 900))).astype(int)
    assert np.abs(ours - np.asarray(direct)).max() <= 2


def test_regions_at_the_last_pixel():
    image = photo(37, 2)
    assert scaled(image, (224, 224), (36.5, 1.5, 37.0, 2.0)).size == (224, 224)
    assert scaled(image, (3, 3), (0.0, 0.0, 37.0, 2.0)).size == (3, 3)
