"""One image varied: what each option does, and that chance can be repeated."""

from __future__ import annotations

import colorsys

import numpy as np
import pytest
from patches import noise
from PIL import Image

from kerastl.data._augment import augment, batch_rng, crop_box, image_rng, order_rng, rotated
from kerastl.data._augmentation import Augmentation, Color, Crop, Flip, RandAugment, Rotate
from kerastl.data._rand_augment import OPERATIONS
from kerastl.images import Resize, load_pixels

RESIZE = Resize(24, 32)
EVERYTHING = Augmentation(Crop(), Flip(), Rotate(20), Color(hue=0.1), RandAugment())


def test_nothing_asked_for_is_what_prediction_sees() -> None:
    image = noise(1, size=50)
    for policy in ("crop", "squash", "pad", "keras"):
        resize = Resize(24, 32, policy)  # type: ignore[arg-type]
        unvaried = augment(image, resize, Augmentation(), image_rng(0, 0, 0))
        np.testing.assert_array_equal(unvaried, load_pixels(image, resize))


def test_the_same_key_gives_the_same_image_and_another_key_another() -> None:
    image = noise(1, size=60)

    def varied(*key: int) -> bytes:
        pixels = augment(image, RESIZE, EVERYTHING, image_rng(*key))
        assert pixels.shape == (24, 32, 3)
        assert pixels.dtype == np.uint8
        return pixels.tobytes()

    assert varied(1, 2, 3) == varied(1, 2, 3)
    assert len({varied(1, 2, 3), varied(0, 2, 3), varied(1, 0, 3), varied(1, 2, 0)}) == 4


def test_streams_of_images_batches_and_orders_differ() -> None:
    draws = [image_rng(5, 1, 0).random(), batch_rng(5, 1, 0).random(), order_rng(5, 1).random()]
    assert len(set(draws)) == 3


@pytest.mark.parametrize(("across", "down"), [(1, 0), (0, 1), (1, 1), (0, 0)])
def test_flips(across: int, down: int) -> None:
    image = noise(1, size=32)
    resize = Resize(32, 32, "squash")
    expected = np.asarray(image)[:: -1 if down else 1, :: -1 if across else 1]
    flipped = augment(image, resize, Augmentation(flip=Flip(across, down)), image_rng(0, 0, 0))
    np.testing.assert_array_equal(flipped, expected)


def test_quarter_turns_move_pixels_and_change_none() -> None:
    image = noise(1, size=33)
    for turns in (1, 2, 3):
        np.testing.assert_array_equal(np.asarray(rotated(image, 90 * turns)), np.rot90(np.asarray(image), turns))


def test_a_turn_brings_in_the_image_mirrored() -> None:
    flat = Image.new("RGB", (40, 30), (10, 200, 90))
    for degrees in (5, 45, -70, 180):
        turned = rotated(flat, degrees)
        assert turned.size == (40, 30)
        assert turned.getcolors() == [(1200, (10, 200, 90))]


def test_crops_stay_inside_and_keep_their_bounds() -> None:
    rng = np.random.default_rng(0)
    crop = Crop(least_area=0.25, aspect=1.5)
    boxes = [crop_box((300, 100), Resize(50, 100), crop, rng) for _ in range(500)]
    left, top, right, bottom = np.array(boxes).T
    assert left.min() >= 0
    assert top.min() >= 0
    assert right.max() <= 300
    assert bottom.max() <= 100
    # The largest region twice as wide as high is 200 x 100.
    area = (right - left) * (bottom - top) / 20_000
    aspect = (right - left) / (bottom - top) / 2
    assert 0.25 <= area.min() < 0.3
    assert 0.9 < area.max() <= 1.0 + 1e-9
    assert 1 / 1.5 - 1e-9 <= aspect.min() < 0.75
    # A part that would be higher than the image is cut, which makes it wider than asked for at most.
    assert 1.4 < aspect.max() <= 1.5 + 1e-9
    assert left.std() > 30  # anywhere in the image


def test_a_whole_crop_is_the_uncropped_image() -> None:
    image = noise(1, size=50)
    whole = Augmentation(crop=Crop(1.0, 1.0))
    for policy in ("squash", "pad"):
        resize = Resize(24, 32, policy)  # type: ignore[arg-type]
        np.testing.assert_array_equal(augment(image, resize, whole, image_rng(0, 0, 0)), load_pixels(image, resize))


def test_brightness_multiplies() -> None:
    gray = Image.new("RGB", (8, 8), (100, 100, 100))
    seen = set()
    for index in range(300):
        options = Augmentation(color=Color(0.2, 0, 0))
        pixels = augment(gray, Resize(8, 8, "squash"), options, image_rng(0, 0, index))
        assert np.unique(pixels).size == 1
        seen.add(int(pixels[0, 0, 0]))
    assert min(seen) in (80, 81)
    assert max(seen) in (118, 119, 120)


def test_hue_turns_the_color_and_keeps_its_value() -> None:
    red = Image.new("RGB", (8, 8), (200, 40, 40))
    options = Augmentation(color=Color(0, 0, 0, hue=0.25))
    hues = []
    for index in range(200):
        pixel = augment(red, Resize(8, 8, "squash"), options, image_rng(0, 0, index))[0, 0]
        hue, _, value = colorsys.rgb_to_hsv(*(pixel / 255))
        assert value == pytest.approx(200 / 255, abs=0.01)
        hues.append((hue + 0.5) % 1 - 0.5)
    assert min(hues) == pytest.approx(-0.25, abs=0.02)
    assert max(hues) == pytest.approx(0.25, abs=0.02)


def test_colors_are_left_alone_as_often_as_asked() -> None:
    image = noise(1)
    options = Augmentation(color=Color(probability=0.25))
    plain = np.asarray(image).tobytes()
    results = [augment(image, Resize(32, 32, "squash"), options, image_rng(0, 0, n)).tobytes() for n in range(400)]
    assert 260 <= results.count(plain) <= 340  # 300, five standard deviations of 8.7 about


@pytest.mark.parametrize("name", OPERATIONS)
def test_operations_keep_size_and_mode_and_do_something(name: str) -> None:
    image = noise(1, size=40)
    changed = [OPERATIONS[name](image, strength) for strength in (-1.0, -0.3, 0.3, 1.0)]
    assert all((one.size, one.mode) == ((40, 40), "RGB") for one in changed)
    idle = {"identity", "auto_contrast", "equalize"}  # patches of noise have full contrast already
    assert name in idle or any(one.tobytes() != image.tobytes() for one in changed)


def test_operations_at_known_strengths() -> None:
    levels = list(range(20, 120))
    image = Image.fromarray(np.tile(np.array(levels, dtype=np.uint8)[None, :, None], (3, 1, 3)))

    def row(name: str, strength: float) -> list[int]:
        return np.asarray(OPERATIONS[name](image, strength))[1, :, 0].tolist()

    assert row("translate_x", 1.0) == levels[45:] + [128] * 45  # by 45 % of 100 pixels
    assert row("solarize", 0.75) == [level if level < 64 else 255 - level for level in levels]
    assert row("posterize", 1.0) == [level // 16 * 16 for level in levels]
    assert row("brightness", -1.0)[0] == 2  # a tenth of 20


def test_each_operation_is_drawn() -> None:
    image = noise(1, size=40)
    resize, options = Resize(40, 40, "squash"), Augmentation(rand_augment=RandAugment(1, 8))
    results = {augment(image, resize, options, image_rng(0, 0, index)).tobytes() for index in range(300)}
    # 12 operations that do something, 7 of them differently for the other sign, and the image as it was.
    assert 15 <= len(results) <= 24
