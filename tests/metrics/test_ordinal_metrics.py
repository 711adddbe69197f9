import numpy as np
import pytest
import sklearn.metrics as reference

from kerastl._metrics.ordinal import quadratic_kappa, rank_errors


def test_rank_errors_by_hand():
    assert rank_errors(np.array([0, 2, 1]), np.array([0, 0, 2])).tolist() == [0, 2, 1]


def test_quadratic_kappa_is_scikit_learns():
    random = np.random.default_rng(0)
    labels = random.integers(0, 5, 300)
    predicted = np.clip(labels + random.integers(-2, 3, 300), 0, 4)
    expected = reference.cohen_kappa_score(labels, predicted, weights="quadratic")
    assert quadratic_kappa(predicted, labels) == pytest.approx(expected)


def test_quadratic_kappa_by_hand():
    assert quadratic_kappa(np.array([0, 1, 2]), np.array([0, 1, 2])) == 1
    # Turned around: squared distances 4, 0, 4; by chance 4/3 on average.
    assert quadratic_kappa(np.array([2, 1, 0]), np.array([0, 1, 2])) == pytest.approx(1 - (8 / 3) / (4 / 3))
    assert quadratic_kappa(np.array([1, 1]), np.array([1, 1])) == 1
