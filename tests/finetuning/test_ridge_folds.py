"""Folds hold an image of each class, and whatever belongs together."""

import numpy as np

from kerastl.finetuning._ridge import solve_ridge
from kerastl.finetuning._ridge_folds import balanced_folds


def test_each_fold_holds_one_image_of_each_class_with_its_copies():
    labels = np.tile(np.repeat(np.arange(3), 4), 2)  # 12 images, then their mirrored copies
    images = np.tile(np.arange(12), 2)
    folds = balanced_folds(images, labels)
    np.testing.assert_array_equal(folds[:12], folds[12:])
    for fold in range(4):
        assert sorted(labels[:12][folds[:12] == fold]) == [0, 1, 2]


def test_a_small_class_is_spread_and_a_group_of_two_classes_stays_whole():
    labels = np.array([0] * 9 + [1] * 9 + [2] * 2)
    groups = np.arange(20)
    groups[9] = groups[0]
    folds = balanced_folds(groups, labels, seed=5)
    assert folds[9] == folds[0]
    assert set(folds) == set(range(8))  # 9, 8 and 2 groups
    assert folds[18] != folds[19]
    assert np.bincount(folds).max() - np.bincount(folds).min() <= 2


def test_classes_of_one_image_are_in_two_folds():
    assert set(balanced_folds(np.arange(4), np.arange(4))) == {0, 1}


def test_a_seed_decides_who_meets():
    labels = np.repeat(np.arange(2), 20)
    first, again, other = (balanced_folds(np.arange(40), labels, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_left_out_in_folds_few_images_are_judged_as_new_ones_are():
    """Leaving out single images says less than is true of new images, by more than leaving out folds does."""
    random = np.random.default_rng(0)
    centers = random.normal(size=(20, 400))
    said = {"single": [], "folds": []}
    true = []
    for _ in range(5):
        labels = np.repeat(np.arange(20), 4)
        features = (0.35 * centers[labels] + random.normal(size=(80, 400))).astype(np.float32)
        new = np.repeat(np.arange(20), 50)
        tests = 0.35 * centers[new] + random.normal(size=(1000, 400))
        for name, groups in {"single": np.arange(80), "folds": balanced_folds(np.arange(80), labels)}.items():
            head = solve_ridge(features, labels, 20, np.ones(80, np.float32), groups)
            said[name].append((head.loo_probabilities.argmax(axis=1) == labels[head.loo_rows]).mean())
        true.append(((tests @ head.kernel + head.bias).argmax(axis=1) == new).mean())
    single, folds, truth = np.mean(said["single"]), np.mean(said["folds"]), np.mean(true)
    assert single < folds < truth + 0.02
    assert truth - folds < 0.5 * (truth - single)
