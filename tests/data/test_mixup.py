"""Mixed batches, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from kerastl.data._augmentation import Augmentation, CutMix, MixUp
from kerastl.data._mixup import cutmix, mix, mixup

LABELS = np.eye(3, dtype=np.float32)


def batch(size: int = 10) -> np.ndarray:
    """Three images, of the levels 0, 100 and 200."""
    return np.full((3, size, size, 3), np.array([0, 100, 200]).reshape(3, 1, 1, 1), dtype=np.uint8)


def test_mixup_averages_images_and_labels() -> None:
    pixels, labels = mixup(batch(), LABELS, np.array([1, 2, 0]), np.array([0.25, 0.5, 0.0]))
    assert pixels.dtype == np.float32
    assert pixels[:, 0, 0, 0].tolist() == [25.0, 150.0, 200.0]
    assert np.ptp(pixels, axis=(1, 2, 3)).tolist() == [0, 0, 0]
    assert labels.tolist() == [[0.75, 0.25, 0], [0, 0.5, 0.5], [0, 0, 1]]


def test_cutmix_pastes_a_rectangle_and_counts_its_area() -> None:
    shares = np.array([0.16, 0.16, 0.0])
    places = np.array([[0.5, 0.5], [0.0, 1.0], [0.3, 0.3]])
    pixels, labels = cutmix(batch(), LABELS, np.array([2, 0, 1]), shares, places)
    # A square of 4 x 4 pixels in the middle; a quarter of one in the corner at the top right; nothing.
    expected = batch().astype(np.float32)
    expected[0, 3:7, 3:7] = 200
    expected[1, 0:2, 8:10] = 0
    np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_allclose(labels, [[0.84, 0, 0.16], [0.04, 0.96, 0], [0, 0, 1]], atol=1e-7)


def test_labels_stay_distributions_and_pixels_in_range() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (16, 12, 12, 3), dtype=np.uint8)
    labels = np.eye(4, dtype=np.float32)[random.integers(0, 4, 16)]
    options = Augmentation(mixup=MixUp(0.5, 0.5), cutmix=CutMix(1.0, 0.5))
    kinds = set()
    for step in range(40):
        mixed, soft = mix(pixels, labels, options, np.random.default_rng(step))
        np.testing.assert_allclose(soft.sum(axis=1), 1, atol=1e-6)
        assert soft.min() >= 0
        assert mixed.min() >= 0
        assert mixed.max() <= 255
        kinds.add(bool(np.array_equal(mixed, np.rint(mixed))))
    assert kinds == {True, False}  # cutmix keeps whole levels, mixup does not


def test_batches_are_mixed_as_often_as_asked() -> None:
    options = Augmentation(mixup=MixUp(probability=0.3), cutmix=CutMix(probability=0.2))
    plain = sum(mix(batch(), LABELS, options, np.random.default_rng(step))[0].dtype == np.uint8 for step in range(500))
    assert 200 <= plain <= 300  # 250 of 500, four and a half standard deviations of 11.2 about


def test_nothing_is_mixed_without_options() -> None:
    pixels = batch()
    same, labels = mix(pixels, LABELS, Augmentation(), np.random.default_rng(0))
    assert same is pixels
    assert labels is LABELS


@pytest.mark.parametrize("options", [Augmentation(mixup=MixUp()), Augmentation(cutmix=CutMix(probability=1.0))])
def test_the_same_state_mixes_the_same(options: Augmentation) -> None:
    first, again = (mix(batch(), LABELS, options, np.random.default_rng(7)) for _ in range(2))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
