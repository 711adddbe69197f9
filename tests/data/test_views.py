"""What is drawn for views, and what becomes of pixels, against formulas written a second time."""

import math

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from kerastl.data._augment import batch_rng
from kerastl.data._augmentation import Color, Crop, Flip
from kerastl.data._view_pipeline import ViewFeed, apply
from kerastl.data._views import Draws, Views, draw
from kerastl.errors import UsageError

PLAIN = Views(Crop(1.0, 1.0), Flip(0.0), Color(probability=0.0), gray=0.0)
LUMA = np.array([0.299, 0.587, 0.114])


def untouched(count):
    return Draws(
        np.tile(np.float32([0, 0, 1, 1]), (count, 1)),
        np.tile(np.eye(3, dtype=np.float32), (count, 1, 1)),
        *np.zeros((3, count), np.float32),
    )


@pytest.fixture
def pixels():
    return np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3)).astype(np.uint8)


def test_nothing_to_do_gives_the_pixels_back(pixels):
    views = apply(pixels, draw(PLAIN, 10, batch_rng(0, 0, 0)), 16)
    np.testing.assert_allclose(views, np.concatenate([pixels, pixels]), atol=1e-3)


def test_wide_views_are_wide_and_keep_what_is_where():
    wide = np.random.default_rng(0).integers(0, 256, (2, 8, 32, 3)).astype(np.uint8)
    views = apply(wide, draw(PLAIN, 4, batch_rng(0, 0, 0)), (8, 32))
    np.testing.assert_allclose(views, np.concatenate([wide, wide]), atol=1e-3)
    assert apply(wide, draw(Views(blur=1.0), 4, batch_rng(0, 0, 0)), (6, 24)).shape == (4, 6, 24, 3)
    assert Views.for_size((32, 512)).blur == 0
    assert Views.for_size((96, 512)).blur == 0.5


def test_the_second_half_is_the_other_view_of_the_same_images(pixels):
    views = np.asarray(apply(pixels, draw(Views(), 10, batch_rng(0, 0, 0)), 16))
    assert views.shape == (10, 16, 16, 3)
    assert (views.min(), views.max()) >= (0, 0)
    assert views.max() <= 255
    assert all(np.abs(views[n] - views[n + 5]).mean() > 5 for n in range(5))


def test_boxes_keep_the_least_area_and_lie_inside():
    boxes = draw(Views(Crop(0.3, 2.0), Flip(0.0)), 2_000, np.random.default_rng(0)).boxes
    assert boxes.min() >= 0
    assert boxes.max() <= 1 + 1e-6
    height, width = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    # Where a side was cut to the image's, the area is smaller by at most the root of the aspect ratio.
    assert (height * width).min() >= 0.3 / math.sqrt(2) - 1e-6
    whole = (height < 0.999) & (width < 0.999)
    assert (height * width)[whole].min() >= 0.3 - 1e-6
    assert np.abs(np.log(height / width)[whole]).max() <= math.log(2.0) + 1e-5


def test_flips_mirror(pixels):
    for flip, mirrored in ((Flip(1.0, 0.0), pixels[:, :, ::-1]), (Flip(0.0, 1.0), pixels[:, ::-1])):
        drawn = draw(Views(Crop(1.0, 1.0), flip, Color(probability=0.0), gray=0.0), 5, batch_rng(0, 0, 0))
        np.testing.assert_allclose(apply(pixels, drawn, 16), mirrored, atol=1e-3)


def one_by_one(pixel, brightness, contrast, saturation, turn):
    """Brightness, contrast, saturation and hue one after the other, for a view of one color beside its negative."""
    image = np.stack([pixel, 255 - pixel]) * brightness
    mean = (image @ LUMA).mean()
    image = contrast * image + (1 - contrast) * mean
    gray = (image @ LUMA)[:, None]
    image = saturation * image + (1 - saturation) * gray
    yiq = np.array([LUMA, [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
    luma, i, q = yiq @ image.T
    i, q = math.cos(turn) * i - math.sin(turn) * q, math.sin(turn) * i + math.cos(turn) * q
    return np.linalg.solve(yiq, np.stack([luma, i, q])).T


def test_the_matrix_does_what_the_steps_do():
    color = Color(0.3, 0.3, 0.3, 0.05)
    drawn = draw(Views(Crop(1.0, 1.0), Flip(0.0), color, gray=0.0), 1, np.random.default_rng(5))
    random = np.random.default_rng(5)
    brightness, contrast, saturation = 1 + 0.3 * random.uniform(-1, 1, (1, 3))[0]
    turn = 2 * math.pi * 0.05 * random.uniform(-1, 1, 1)[0]
    pixel = np.array([120.0, 100.0, 140.0])
    image = np.stack([pixel, 255 - pixel]).reshape(1, 2, 1, 3).astype(np.uint8)
    expected = one_by_one(pixel, brightness, contrast, saturation, turn)
    assert expected.min() > 0
    assert expected.max() < 255
    image = np.repeat(image, 2, axis=2)
    np.testing.assert_allclose(np.asarray(apply(image, drawn, 2))[0, :, 0], expected, atol=0.05)


def test_gray_views_are_the_luma(pixels):
    drawn = draw(Views(Crop(1.0, 1.0), Flip(0.0), Color(probability=0.0), gray=1.0), 5, batch_rng(0, 0, 0))
    expected = np.repeat((pixels @ LUMA)[..., None], 3, axis=-1)
    np.testing.assert_allclose(apply(pixels, drawn, 16), expected, atol=0.01)


def test_blur_is_gaussian_and_touches_only_whom_it_should():
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    drawn = untouched(2)._replace(blurs=np.float32([0.0, 1.0]))
    sharp, soft = np.asarray(apply(pixels, drawn, 64))
    np.testing.assert_allclose(sharp, pixels[0], atol=1e-2)
    expected = gaussian_filter(pixels[1].astype(float), (1, 1, 0), mode="reflect", truncate=2.0)
    np.testing.assert_allclose(soft, expected, atol=0.02)


def test_solarized_views_are_inverted_where_light():
    pixels = np.full((1, 4, 4, 3), 200, np.uint8)
    pixels[:, :2] = 100
    drawn = untouched(1)._replace(solarized=np.float32([1.0]))
    view = np.asarray(apply(pixels, drawn, 4))[0]
    np.testing.assert_allclose(view[:2], 100, atol=1e-3)
    np.testing.assert_allclose(view[2:], 55, atol=1e-3)


def feed(seed=0, views=None):
    store = np.random.default_rng(9).integers(0, 256, (10, 12, 12, 3)).astype(np.uint8)
    return ViewFeed(lambda chosen: store[chosen], 10, 12, 8, 4, seed, views or Views())


def test_batches_depend_on_the_seed_the_epoch_and_the_step_alone():
    assert feed().steps == 2
    whole = [np.asarray(batch) for batch in feed().batches(3)]
    assert [batch.shape for batch in whole] == [(8, 8, 8, 3)] * 6
    later = [np.asarray(batch) for batch in feed().batches(3, first_epoch=1, first_step=1)]
    for one, other in zip(whole[3:], later, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not np.array_equal(whole[0], np.asarray(next(iter(feed(seed=1).batches(1)))))
    assert not np.array_equal(whole[0], whole[2])


def test_an_epoch_shows_no_image_twice():
    shown = []
    store = np.arange(10, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    for batch in ViewFeed(lambda chosen: store[chosen], 10, 4, 4, 3, 0, PLAIN).batches(1):
        first, second = np.asarray(batch).mean(axis=(1, 2, 3)).reshape(2, 3).round()
        np.testing.assert_array_equal(first, second)
        shown += first.tolist()
    assert len(set(shown)) == len(shown) == 9


def test_small_images_are_not_blurred_and_views_survive_json():
    assert Views.for_size(32).blur == 0
    assert Views.for_size(96).blur == 0.5
    assert Views.from_dict(Views.for_size(96).as_dict()) == Views.for_size(96)


def test_a_probability_is_one():
    with pytest.raises(UsageError, match=r"gray=1\.5"):
        Views(gray=1.5)


def test_views_of_an_older_run_are_read():
    assert Views.from_dict({"blur": 0.5, "solarise": 0.1}) == Views(blur=0.5, solarize=0.1)
