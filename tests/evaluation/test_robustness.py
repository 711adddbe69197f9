import numpy as np
import pytest
from PIL import Image

from kerastl.evaluation import _robustness as robustness
from kerastl.evaluation._robustness import NAMES, corrupt


@pytest.fixture(scope="module")
def photo():
    """Smooth noise at all scales, as in nature: uint8 (96, 128, 3)."""
    random = np.random.default_rng(0)
    total = np.zeros((96, 128, 3))
    for side in (3, 7, 15, 31, 61):
        coarse = Image.fromarray(random.integers(0, 256, (side, side, 3), dtype=np.uint8))
        total += (np.asarray(coarse.resize((128, 96), Image.Resampling.BICUBIC)) - 128.0) / np.sqrt(side)
    return np.clip(128 + total, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", NAMES)
def test_shape_type_and_repetition(photo, name):
    before = photo.copy()
    found = corrupt(photo, name, 3, "a.png")
    assert (found.shape, found.dtype) == (photo.shape, np.uint8)
    assert (photo == before).all()
    assert (found != photo).any()
    assert (corrupt(photo, name, 3, "a.png") == found).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_stronger_corruption_is_further_away(photo, name):
    far = [np.abs(corrupt(photo, name, s, "a").astype(int) - photo).mean() for s in range(1, 6)]
    assert far == sorted(far)


def test_what_is_random_depends_on_the_image_and_the_seed_alone(photo):
    first = corrupt(photo, "noise", 2, "a")
    assert (first != corrupt(photo, "noise", 2, "b")).any()
    assert (first != corrupt(photo, "noise", 2, "a", seed=1)).any()
    turned = {corrupt(photo, "rotation", 2, key).tobytes() for key in "abcdefgh"}
    assert len(turned) == 2  # to the left and to the right


def test_noise_has_its_deviation():
    gray = np.full((200, 200, 3), 127, np.uint8)
    assert corrupt(gray, "noise", 1).std() / 255 == pytest.approx(0.08, rel=0.02)


def test_brightness_is_value_in_hsv(photo):
    """Pillow's own HSV as the reference: the value goes up by 0.2, hue and saturation stay."""
    found = np.asarray(Image.fromarray(corrupt(photo, "brightness", 2)).convert("HSV")).astype(int)
    given = np.asarray(Image.fromarray(photo).convert("HSV")).astype(int)
    assert np.abs(found[..., 2] - np.minimum(given[..., 2] + 51, 255)).max() <= 1
    colored = given[..., 2] > 60
    assert np.abs(found[..., 1] - given[..., 1])[colored].max() <= 4
    assert corrupt(np.zeros((2, 2, 3), np.uint8), "brightness", 2).tolist() == [[[51] * 3] * 2] * 2


def test_contrast_by_hand():
    two = np.zeros((2, 1, 3), np.uint8)
    two[0] = 200
    assert corrupt(two, "contrast", 1)[:, 0, 0].tolist() == [140, 60]  # 100 + 0.4 * 100, 100 - 0.4 * 100


def test_pixelation_of_a_chequerboard_is_gray():
    board = (np.indices((40, 40)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, 2)
    found = corrupt(board, "pixelation", 5)
    assert len(np.unique(found[0], axis=0)) <= 10
    assert found.mean() == pytest.approx(127.5, abs=1)


def test_rotation_keeps_the_middle_and_fills_corners_with_the_mean():
    image = np.full((41, 41, 3), 200, np.uint8)
    image[:, :, 0] = 100
    assert (corrupt(image, "rotation", 5) == image).all()


def test_blur_grows_with_the_image(photo):
    large = np.asarray(Image.fromarray(photo).resize((512, 384), Image.Resampling.NEAREST))
    small = np.asarray(Image.fromarray(corrupt(large, "blur", 5)).resize((128, 96), Image.Resampling.BOX))
    assert np.abs(small.astype(int) - corrupt(photo, "blur", 5)).mean() < 4


def test_there_are_seven():
    assert NAMES == ("noise", "blur", "brightness", "contrast", "jpeg", "pixelation", "rotation")
    assert robustness.STRENGTHS == 5
