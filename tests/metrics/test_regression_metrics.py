import numpy as np
import pytest
import sklearn.metrics as reference

from kerastl._metrics.regression import errors, errors_by_quantile, r_squared


def test_errors_are_scikit_learns():
    random = np.random.default_rng(0)
    truth = random.gamma(2, 10, 200)
    predicted = (truth + random.normal(0, 3, 200)).astype(np.float32)
    found = errors(predicted, truth)
    assert found["mean_absolute_error"] == pytest.approx(reference.mean_absolute_error(truth, predicted))
    assert found["root_mean_squared_error"] ** 2 == pytest.approx(reference.mean_squared_error(truth, predicted))
    assert found["median_absolute_error"] == pytest.approx(reference.median_absolute_error(truth, predicted))
    assert found["r_squared"] == pytest.approx(reference.r2_score(truth, predicted))


def test_r_squared_of_numbers_that_are_all_the_same():
    same = np.array([3.0, 3.0])
    assert r_squared(same, same) == 1
    assert r_squared(np.array([3.0, 4.0]), same) == 0


def test_errors_by_quantile_by_hand():
    truth = np.array([1.0, 2.0, 3.0, 4.0])
    low, high = errors_by_quantile(truth + np.array([1, -1, 2, 4]), truth, parts=2)
    assert (low.low, low.high, low.count, low.mean_absolute_error, low.bias) == (1, 2, 2, 1, 0)
    assert (high.low, high.high, high.count, high.mean_absolute_error, high.bias) == (3, 4, 2, 3, 3)


def test_equal_numbers_stay_in_one_part():
    truth = np.array([0.0] * 8 + [5.0] * 2)
    assert [part.count for part in errors_by_quantile(truth, truth, parts=5)] == [8, 2]
