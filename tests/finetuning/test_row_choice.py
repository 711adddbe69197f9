import numpy as np
import pytest

from kerastl.finetuning._ridge import solve_ridge
from kerastl.finetuning._ridge_solution import solve_targets
from kerastl.finetuning._row_choice import PairedRows, choose_rows, sample_rows, solve_chosen
from kerastl.finetuning._solver_targets import OneHot


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
    return rows, mirrored, labels, np.ones(60, np.float32), np.arange(60)


def test_mirrored_images_stay_where_they_help():
    rows, mirrored, labels, weights, groups = problem(helpful=True)
    solution, choice = solve_chosen(rows, mirrored, OneHot(labels, 2), weights, groups)
    assert choice.mirrored
    assert choice.errors[1] < choice.errors[0]
    features, *rest = (
        np.concatenate(pair) for pair in ((rows, mirrored), (labels,) * 2, (weights,) * 2, (groups,) * 2)
    )
    expected = solve_targets(
        features, OneHot(rest[0], 2), rest[1], rest[2], scored=np.arange(120) < 60, start=choice.penalty
    )
    np.testing.assert_allclose(solution.kernel, expected.kernel, rtol=1e-5)
    assert (solution.rows < 60).all()  # images as they are


def test_mirrored_images_that_mean_something_else_stay_away():
    rows, mirrored, labels, weights, groups = problem(helpful=False)
    solution, choice = solve_chosen(rows, mirrored, OneHot(labels, 2), weights, groups)
    assert not choice.mirrored
    assert choice.errors[1] > choice.errors[0]
    alone = solve_ridge(rows, labels, 2, weights, groups)
    assert solution.strength == pytest.approx(alone.strength, rel=0.35)


def test_errors_are_those_of_the_solutions_themselves():
    """What is compared on products of rows is what the regressions on the rows say."""
    rows, mirrored, labels, weights, groups = problem(helpful=True)
    choice = choose_rows(rows, mirrored, OneHot(labels, 2), weights, groups // 2)
    found = solve_targets(rows, OneHot(labels, 2), weights, groups // 2)
    # Standardized with the mirrored rows there, without them here.
    assert ((found.left_out - np.eye(2)[labels]) ** 2).sum(axis=1).mean() == pytest.approx(choice.errors[0], rel=0.02)


def test_without_mirrored_images_there_is_nothing_to_compare():
    rows, _, labels, weights, groups = problem(helpful=True)
    choice = choose_rows(rows, None, OneHot(labels, 2), weights, groups)
    assert (choice.mirrored, choice.emphasis, choice.errors) == (False, 1, None)


@pytest.mark.parametrize("above", [True, False])
def test_the_last_layer_counts_more_where_it_says_more(above):
    """Five features tell the classes apart, and 200 say nothing."""
    random = np.random.default_rng(1)
    labels = np.arange(80) % 2
    says = np.where(labels, 1.0, -1.0)[:, None] + random.normal(0, 1.5, (80, 5))
    noise = random.normal(size=(80, 200))
    features = np.concatenate([noise, says] if above else [says, noise], axis=1).astype(np.float32)
    targets, last = OneHot(labels, 2), 5 if above else 200
    solution, choice = solve_chosen(features, None, targets, np.ones(80, np.float32), np.arange(80), last=last)
    assert choice.emphasis == (8 if above else 1)
    weights = np.ones(205)
    weights[-last:] = choice.emphasis
    expected = solve_targets(
        features, targets, np.ones(80), np.arange(80), feature_weights=weights, start=choice.penalty
    )
    np.testing.assert_allclose(solution.kernel, expected.kernel, rtol=1e-6)


def test_where_no_image_can_be_left_out_nothing_is_chosen():
    rows, mirrored, _, weights, groups = problem(helpful=True)
    choice = choose_rows(rows[:2], mirrored[:2], OneHot(np.arange(2), 2), weights[:2], groups[:2], last=3)
    assert choice == (False, 1, None, None)


def test_a_sample_has_whole_groups_of_some_classes():
    labels, groups = np.arange(30_000) % 100, np.arange(30_000) // 400
    chosen = sample_rows(labels, groups, seed=1)
    assert (np.diff(chosen) > 0).all()
    assert len(np.unique(labels[chosen])) == 50
    assert len(chosen) == 5 * 200  # of each group of 400 rows, 200 are of these classes
    assert len(np.unique(groups[chosen])) == 5
    np.testing.assert_array_equal(chosen, sample_rows(labels, groups, seed=1))
    assert list(chosen) != list(sample_rows(labels, groups, seed=2))


def test_of_two_large_groups_some_rows_are_drawn():
    labels, groups = np.arange(8_000) % 2, np.arange(8_000) // 4_000
    chosen = sample_rows(labels, groups, seed=1)
    assert 1_000 <= len(chosen) <= 1_200
    assert set(groups[chosen]) == {0, 1}


def test_few_rows_are_all_looked_at():
    np.testing.assert_array_equal(sample_rows(np.arange(900) % 3, np.arange(900), seed=1), np.arange(900))
