"""The inverse that ridge regression is solved from follows rows that come and go, and scales that change."""

import numpy as np
import pytest

from kerastl.finetuning._ridge_inverse import bordered_inverse, with_rows, with_scales, without_rows

PENALTY = 0.7


def expected(rows):
    """The upper left block of the inverse of the whole system, bias included, as NumPy inverts it."""
    n, exact = len(rows), np.asarray(rows, np.float64)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n] = exact @ exact.T + PENALTY * np.eye(n)
    whole[:n, n] = whole[n, :n] = 1
    return np.linalg.inv(whole)[:n, :n]


def centered(rows, center=None):
    return (rows - (rows if center is None else center).mean(axis=0, dtype=np.float64)).astype(np.float32)


@pytest.fixture
def rows():
    """More rows than the inverse changes at a time, whose mean is not 0."""
    return np.random.default_rng(0).normal(3, 0.2, size=(600, 30)).astype(np.float32)


@pytest.fixture(params=[np.float64, np.float32])
def dtype(request):
    return np.dtype(request.param)


def assert_inverse(found, rows, dtype):
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected(rows), atol=1e-6 if dtype == np.float64 else 1e-3)


def test_it_is_the_inverse_of_the_whole_system(rows, dtype):
    assert_inverse(bordered_inverse(centered(rows), PENALTY, dtype), rows, dtype)


def test_rows_go(rows, dtype):
    gone = np.array([0, 3, 511, 512, 599])
    found = without_rows(bordered_inverse(centered(rows), PENALTY, dtype), gone)
    assert_inverse(found, np.delete(rows, gone, axis=0), dtype)


def test_rows_come(rows, dtype):
    first, new = rows[:570], rows[570:] + np.float32(0.5)
    inverse = bordered_inverse(centered(first), PENALTY, dtype)
    found = with_rows(inverse, centered(first), centered(new, first), PENALTY)
    assert_inverse(found, np.concatenate([first, new]), dtype)


def test_features_take_another_scale_come_and_go(rows, dtype):
    features, changes = np.array([1, 5, 9]), np.array([-1.0, 0.5, -0.3])
    inverse = bordered_inverse(centered(rows), PENALTY, dtype)
    found = with_scales(inverse, centered(rows)[:, features], changes)
    weights = np.ones(30)
    weights[features] += changes
    assert_inverse(found, rows * np.sqrt(weights), dtype)
