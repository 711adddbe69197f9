"""The neighbors' vote, by hand and against scikit-learn's plain one."""

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from kerastl.pretraining._feature_quality import neighbor_accuracy


def at(*degrees):
    angles = np.radians(degrees)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def test_near_neighbors_outvote_many_far_ones():
    # Cosines: 0.9998 for class 1 and 0.5 (twice) for class 0: exp(0.9998 / 0.07) > 2 exp(0.5 / 0.07).
    known, labels = at(1, 60, 60), np.array([1, 0, 0])
    assert neighbor_accuracy(known, labels, at(0), np.array([1]), neighbors=3) == 1
    assert neighbor_accuracy(known, labels, at(0), np.array([0]), neighbors=3) == 0


def test_many_win_over_one_that_is_hardly_nearer():
    # exp((0.9998 - 0.9962) / 0.07) = 1.05 < 2.
    assert neighbor_accuracy(at(1, 5, 5), np.array([1, 0, 0]), at(0), np.array([0]), neighbors=3) == 1


def test_length_does_not_matter_and_few_voters_are_enough():
    known = at(0, 90) * [[100], [0.01]]
    assert neighbor_accuracy(known, np.array([0, 1]), at(80, 10), np.array([1, 0])) == 1


def test_one_neighbor_is_scikit_learns():
    random = np.random.default_rng(0)
    known, asked = random.normal(size=(60, 5)), random.normal(size=(40, 5))
    labels, truth = random.integers(3, size=60), random.integers(3, size=40)
    plain = KNeighborsClassifier(1, metric="cosine").fit(known, labels)
    assert neighbor_accuracy(known, labels, asked, truth, neighbors=1) == pytest.approx(plain.score(asked, truth))
