import numpy as np
import pytest

from kerastl.data._iterative_stratification import iterative_parts


@pytest.fixture
def labels():
    """200 images with labels of very different frequency, some without any."""
    return np.random.default_rng(5).random((200, 5)) < (0.5, 0.3, 0.1, 0.05, 0.02)


def test_each_part_has_its_share_of_every_label(labels):
    parts = iterative_parts(labels.astype(int), np.ones(200, int), (0.8, 0.2), seed=0)
    assert abs((parts == 1).sum() - 40) <= 2
    assert np.abs(labels[parts == 1].sum(axis=0) - 0.2 * labels.sum(axis=0)).max() <= 1.5


def test_it_does_better_than_chance(labels):
    def gap(parts):
        counts = np.stack([labels[parts == part].sum(axis=0) for part in range(5)])
        return np.abs(counts - labels.sum(axis=0) / 5).sum()

    own = gap(iterative_parts(labels.astype(int), np.ones(200, int), [0.2] * 5, seed=0))
    by_chance = [gap(np.random.default_rng(seed).permutation(200) % 5) for seed in range(20)]
    assert own < min(by_chance)


def test_rare_labels_are_in_every_part_if_they_can_be():
    counts = np.zeros((50, 2), int)
    counts[:3, 0] = 1
    counts[3:5, 1] = 1
    parts = iterative_parts(counts, np.ones(50, int), (0.9, 0.1), seed=3)
    for label in range(2):
        assert set(parts[counts[:, label] > 0]) == {0, 1}
    assert (parts == 1).sum() == 5


def test_groups_stay_together_and_count_by_their_images():
    counts = np.array([[9], [1], [1], [1], [1], [1], [1], [1], [1], [1]])
    parts = iterative_parts(counts, counts[:, 0], (0.5, 0.5), seed=0)
    assert sorted(counts[parts == part].sum() for part in (0, 1)) == [9, 9]


def test_the_same_seed_gives_the_same_parts_and_another_others(labels):
    def parts(seed):
        return iterative_parts(labels.astype(int), np.ones(200, int), (0.8, 0.2), seed).tolist()

    assert parts(0) == parts(0) != parts(1)


def test_without_any_label_only_the_number_of_images_counts():
    parts = iterative_parts(np.zeros((10, 3), int), np.ones(10, int), (0.7, 0.3), seed=0)
    assert (parts == 1).sum() == 3
