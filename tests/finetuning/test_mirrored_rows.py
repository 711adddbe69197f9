import numpy as np
import pytest

from kerastl.finetuning._mirrored_rows import PairedRows, solve_with_mirrored
from kerastl.finetuning._ridge import solve_ridge


@pytest.mark.parametrize(
    "part", [slice(0, 3), slice(3, 9), slice(6, 8), slice(2, 12), slice(1, 10, 2), slice(0, 11, 5)]
)
def test_paired_rows_are_the_rows_below_each_other(part):
    rows, mirrored = np.arange(12.0).reshape(6, 2), -np.arange(12.0).reshape(6, 2)
    paired = PairedRows(rows, mirrored)
    assert len(paired) == 12
    np.testing.assert_array_equal(paired[part], np.concatenate([rows, mirrored])[part])


def problem(helpful):
    """Features of two kinds of noise: with mirrors that average it out, or that show the other class."""
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    clean = np.stack([np.where(labels, 1.0, -1.0)] * 8, axis=1)
    noise = random.normal(0, 1.5, clean.shape)
    rows = (clean + noise).astype(np.float32)
    mirrored = (clean - noise if helpful else -clean + random.normal(0, 1.5, clean.shape)).astype(np.float32)
    return rows, mirrored, labels, 2, np.ones(60, np.float32), np.arange(60)


def test_mirrored_images_stay_where_they_help():
    rows, mirrored, labels, classes, weights, groups = problem(helpful=True)
    solution = solve_with_mirrored(rows, mirrored, labels, classes, weights, groups)
    assert solution.mirrored
    assert solution.loss[1] < solution.loss[0]
    both = (np.concatenate(pair) for pair in ((rows, mirrored), (labels,) * 2, (weights,) * 2, (groups,) * 2))
    features, *rest = both
    scored = np.arange(120) < 60
    expected = solve_ridge(features, rest[0], classes, rest[1], rest[2], scored=scored)
    np.testing.assert_allclose(solution.head.kernel, expected.kernel, rtol=1e-5)
    assert (solution.head.loo_rows < 60).all()  # of images as they are


def test_mirrored_images_that_mean_something_else_stay_away():
    rows, mirrored, *rest = problem(helpful=False)
    solution = solve_with_mirrored(rows, mirrored, *rest)
    assert not solution.mirrored
    assert solution.loss[1] > solution.loss[0]
    np.testing.assert_array_equal(solution.head.kernel, solve_ridge(rows, *rest).kernel)


def test_without_mirrored_images_there_is_nothing_to_compare():
    rows, _, *rest = problem(helpful=True)
    solution = solve_with_mirrored(rows, None, *rest)
    assert (solution.mirrored, solution.loss) == (False, None)
