"""The same image is found again; different ones are not taken for it."""

from __future__ import annotations

import io
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from patches import noise
from PIL import Image, ImageDraw
from scipy.fft import dctn

from kerastl.data._duplicates import MAX_BITS, candidates, equal_groups, joined, perceptual_hashes, similar_groups


def look(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB").resize((16, 16), Image.Resampling.BOX))


def random_looks(count: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 16, 16, 3), dtype=np.uint8)


def saved_again(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def test_equal_contents_are_grouped_and_empty_ones_are_not() -> None:
    assert equal_groups(["x", "", "y", "x", "", "z", "y", "x"]) == [[0, 3, 7], [2, 6]]


def test_groups_that_share_a_member_become_one() -> None:
    assert joined([[5, 2], [9]], [[2, 7], [1, 3]]) == [[1, 3], [2, 5, 7], [9]]


def test_the_hash_compares_low_frequencies_with_their_median() -> None:
    thumbnails = random_looks(5)
    hashes = perceptual_hashes(thumbnails, np.arange(5))
    for image, value in zip(thumbnails, hashes.tolist(), strict=True):
        gray = image @ np.array([0.299, 0.587, 0.114])
        low = dctn(gray, type=2)[:8, :8]
        frequencies = low.ravel()[1:]
        expected = frequencies > np.median(frequencies)
        assert [bool(value >> bit & 1) for bit in range(63)] == expected.tolist()


@pytest.mark.parametrize("change", ["quality", "size", "aspect", "brightness", "gray file"])
def test_an_image_is_known_again(change: str) -> None:
    original = noise(1, size=200)
    changed = {
        "quality": saved_again(original, 40),
        "size": original.resize((90, 90), Image.Resampling.LANCZOS),
        "aspect": original.resize((224, 150), Image.Resampling.BICUBIC),
        "brightness": original.point([int(0.85 * value) for value in range(256)] * 3),
        "gray file": original.resize((100, 100), Image.Resampling.BOX),
    }[change]
    thumbnails = np.stack([look(original), look(noise(2)), look(changed), look(noise(3))])
    assert similar_groups(thumbnails, range(4)) == [[0, 2]]
    assert similar_groups(thumbnails, [0, 1, 3]) == []


def drawing(seed: int) -> Image.Image:
    random = np.random.default_rng(seed)
    image = Image.new("RGB", (64, 64), "white")
    x, y, radius = random.integers(16, 48, 3) // (1, 1, 3)
    box = (int(x - radius), int(y - radius), int(x + radius), int(y + radius))
    ImageDraw.Draw(image).ellipse(box, fill=tuple(random.integers(0, 200, 3).tolist()))
    return image


def test_drawings_of_one_kind_are_not_one_drawing() -> None:
    thumbnails = np.stack([look(drawing(seed)) for seed in range(40)])
    hashes = perceptual_hashes(thumbnails, np.arange(40)).tolist()
    # The hash alone would not do.
    assert any((one ^ other).bit_count() <= MAX_BITS for one, other in combinations(hashes, 2))
    assert similar_groups(thumbnails, range(40)) == []


def test_one_shape_in_two_colors_is_two_images() -> None:
    shapes = []
    for color in ("red", "blue"):
        image = Image.new("RGB", (64, 64), "white")
        ImageDraw.Draw(image).rectangle((8, 20, 40, 50), fill=color)
        shapes.append(look(image))
    assert similar_groups(np.stack(shapes), range(2)) == []


def test_flat_images_are_not_compared() -> None:
    thumbnails = np.full((3, 16, 16, 3), 200, dtype=np.uint8)
    thumbnails[1, 3, 3] += 2
    assert similar_groups(thumbnails, range(3)) == []


def test_groups_are_those_of_comparing_each_with_each() -> None:
    thumbnails = random_looks(300)
    thumbnails[200:] = thumbnails[:100]
    thumbnails[250] = thumbnails[251] = thumbnails[50]
    hashes = perceptual_hashes(thumbnails, np.arange(300)).tolist()
    pairs = combinations(range(300), 2)
    close = [(one, other) for one, other in pairs if (hashes[one] ^ hashes[other]).bit_count() <= MAX_BITS]
    found = sorted(similar_groups(thumbnails, range(300)))
    assert found == sorted(joined(close))
    assert [50, 250, 251] in found
    assert [0, 200] in found
    assert len(found) == 99  # an image and its copy each, but for the 51st, which became a copy of the 50th


def test_a_still_film_is_one_group() -> None:
    scene = look(noise(1, size=200)).astype(np.int16)
    frames = np.stack([scene + np.random.default_rng(frame).integers(-3, 4, scene.shape) for frame in range(3_000)])
    thumbnails = np.concatenate([frames.clip(0, 255).astype(np.uint8), look(noise(2))[None]])
    assert similar_groups(thumbnails, range(3_001)) == [list(range(3_000))]


def test_every_band_of_bits_is_searched() -> None:
    # Whichever six bits differ, the two hashes agree in one of the bands.
    base = int(np.random.default_rng(0).integers(0, 2**63))
    for seed in range(50):
        flips = np.random.default_rng(seed).choice(63, MAX_BITS, replace=False)
        other = base
        for bit in flips.tolist():
            other ^= 1 << bit
        pairs = list(candidates(np.array([base, other], dtype=np.uint64)))
        assert [(first.tolist(), second.tolist()) for first, second in pairs] == [([0], [1])]
    assert list(candidates(np.array([base, base ^ 0b1111111], dtype=np.uint64))) == []
