"""The closed-form head is scikit-learn's ridge regression, and leaving a group out is fitting without it."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.metrics import log_loss
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.preprocessing import StandardScaler
from sklearn.random_projection import SparseRandomProjection

from kerastl.errors import TrainingError
from kerastl.finetuning._ridge import solve_ridge
from kerastl.finetuning._ridge_solution import solve_targets
from kerastl.finetuning._ridge_system import Problem, ridge_system
from kerastl.finetuning._ridge_temperature import fit_temperature
from kerastl.finetuning._row_groups import RowGroups, sample_groups
from kerastl.finetuning._solver_targets import OneHot, TargetMatrix
from kerastl.training._interrupt import Stopped


def made_up(rows, width, classes=4, seed=3):
    """Features of very different sizes, one of them constant, labels, and weights that differ by class."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(classes, size=rows - classes)])
    features = random.normal(size=(rows, width)) + 1.5 * np.eye(classes, width)[labels]
    features = features * np.geomspace(0.01, 100, width) + 7
    features[:, -1] = 3
    weights = np.linspace(0.5, 2, classes)[labels]
    return features.astype(np.float32), labels, weights.astype(np.float32)


def standardized(features):
    """Rows have a mean squared length of 1 by scikit-learn's scaler."""
    return StandardScaler().fit_transform(features.astype(np.float64)) / np.sqrt(features.shape[1])


def refitted(features, labels, weights, head, test, classes=4):
    """What scikit-learn's ridge says about rows when it knows only the others."""
    scaled = standardized(features)
    strength = head.strength * len(labels)  # per row, of weights whose mean is 1
    model = Ridge(alpha=strength, solver="cholesky")
    model.fit(scaled[~test], np.eye(classes)[labels[~test]], sample_weight=(weights / weights.mean())[~test])
    return softmax(model.predict(scaled[test]) / head.temperature, axis=1)


# More features than rows, and fewer.
@pytest.fixture(params=[(60, 90), (300, 20)], ids=["dual", "primal"])
def problem(request):
    return made_up(*request.param)


def test_the_head_is_the_ridge_of_scikit_learn(problem):
    features, labels, weights = problem
    head = solve_ridge(features, labels, 4, weights, np.arange(len(labels)))
    model = Ridge(alpha=head.strength * len(labels), solver="cholesky")
    model.fit(standardized(features), np.eye(4)[labels], sample_weight=weights / weights.mean())
    expected = model.predict(standardized(features)) / head.temperature
    answers = features.astype(np.float64) @ head.kernel + head.bias
    np.testing.assert_allclose(answers, expected, atol=2e-3)
    assert np.abs(expected).max() > 1
    assert head.kernel.dtype == head.bias.dtype == np.float32


@pytest.mark.parametrize("sizes", [[1], [2], [1, 2, 3, 7], [25, 2], [29, 31]], ids=str)
def test_leaving_a_group_out_is_fitting_without_it(problem, sizes):
    features, labels, weights = problem
    # Groups lie anywhere. Those of 25 and more rows are larger than the basis where features are few.
    groups = np.repeat(np.arange(len(labels)), np.resize(sizes, len(labels)))[: len(labels)]
    groups = np.random.default_rng(0).permutation(groups)
    head = solve_ridge(features, labels, 4, weights, groups)
    assert list(head.loo_rows) == list(range(len(labels)))
    for group in np.unique(groups):
        test = groups == group
        expected = refitted(features, labels, weights, head, test)
        np.testing.assert_allclose(head.loo_probabilities[test], expected, atol=2e-6)


def test_features_that_are_not_finite_are_refused():
    features = np.ones((6, 2), np.float32)
    features[3, 1] = np.nan
    with pytest.raises(TrainingError, match="NaN or infinity"):
        solve_ridge(features, np.arange(6) % 2, 2, np.ones(6, np.float32), np.arange(6))


def test_rows_that_do_not_count_have_no_answers(problem):
    features, labels, weights = problem
    groups, scored = np.arange(len(labels)) // 2, np.arange(len(labels)) % 2 == 0
    labels[labels == 3] = 2
    labels[:2] = 3  # the only group of its class
    head = solve_ridge(features, labels, 4, weights, groups, scored=scored)
    assert list(head.loo_rows) == list(range(2, len(labels), 2))
    np.testing.assert_allclose(head.loo_probabilities.sum(axis=1), 1, rtol=1e-5)
    for row in head.loo_rows[::10]:
        expected = refitted(features, labels, weights, head, groups == groups[row])[:1]
        np.testing.assert_allclose(head.loo_probabilities[head.loo_rows == row], expected, atol=2e-6)


@pytest.mark.parametrize("groups", [[0, 1, 2], [0, 0, 0, 1, 1, 2], [5] * 12], ids=str)
def test_where_no_group_can_be_left_out_there_is_a_head_all_the_same(groups):
    """A class in one group only is unknown without it."""
    features, labels, weights = made_up(len(groups), 6, classes=3)
    if len(set(groups)) > 1:
        labels = np.array(groups)
    head = solve_ridge(features, labels, 3, weights, np.array(groups))
    assert head.loo_probabilities.shape == (0, 3)
    assert np.isfinite(head.kernel).all()
    assert 0 < head.temperature < np.inf
    assert ((features @ head.kernel + head.bias).argmax(axis=1) == labels).mean() > 0.5


def test_products_in_float32_give_the_same(problem, monkeypatch):
    features, labels, weights = problem
    groups = np.arange(len(labels)) // 3
    exact = solve_ridge(features, labels, 4, weights, groups)
    monkeypatch.setattr("kerastl.finetuning._ridge_system._EXACT", 0)
    rough = solve_ridge(features, labels, 4, weights, groups)
    assert rough.strength == pytest.approx(exact.strength, rel=0.1)
    np.testing.assert_allclose(rough.loo_probabilities, exact.loo_probabilities, atol=0.01)


def test_rows_that_are_not_held_together_give_the_same(monkeypatch):
    features, labels, weights = made_up(60, 90)
    whole = solve_ridge(features, labels, 4, weights, np.arange(60))
    monkeypatch.setattr("kerastl.finetuning._ridge_system._HELD", 0)
    for module in ("_ridge_system", "_standardization"):
        monkeypatch.setattr(f"kerastl.finetuning.{module}.ROWS", 16)
    parts = solve_ridge(features, labels, 4, weights, np.arange(60))
    np.testing.assert_allclose(parts.loo_probabilities, whole.loo_probabilities, atol=1e-6)


def test_more_features_than_fit_are_projected(monkeypatch, tmp_path):
    """The same as projecting by hand, and the kernel takes the features as they are."""
    monkeypatch.setattr("kerastl.finetuning._projection.MOST", 30)
    features, labels, weights = made_up(200, 120)
    assert solve_ridge(features[:30], labels[:30], 4, weights[:30], np.arange(30)).projected is None
    head = solve_ridge(features, labels, 4, weights, np.arange(200), seed=5, scratch=tmp_path)
    assert head.projected == 30
    assert not list(tmp_path.iterdir())
    projected = SparseRandomProjection(30, random_state=5).fit_transform(standardized(features))
    model = Ridge(alpha=head.strength * 200, solver="cholesky")
    model.fit(projected, np.eye(4)[labels], sample_weight=weights / weights.mean())
    answers = features.astype(np.float64) @ head.kernel + head.bias
    np.testing.assert_allclose(answers, model.predict(projected) / head.temperature, atol=2e-3)


def test_rows_may_come_slice_by_slice_in_any_precision(problem):
    features, labels, weights = problem

    class Lazy:
        def __len__(self):
            return len(features)

        def __getitem__(self, part):
            assert isinstance(part, slice)
            return features[part].astype(np.float16).astype(np.float64)

    lazy, groups = Lazy(), np.arange(len(labels)) % 50
    found = solve_ridge(lazy, labels, 4, weights, groups)
    whole = solve_ridge(lazy[:], labels, 4, weights, groups)
    np.testing.assert_array_equal(found.kernel, whole.kernel)
    np.testing.assert_array_equal(found.loo_probabilities, whole.loo_probabilities)


def test_the_penalty_is_that_of_scikit_learn():
    """Its `RidgeCV` leaves single rows out in closed form, too."""
    features, labels, _ = made_up(60, 20)
    head = solve_ridge(features, labels, 4, np.ones(60, np.float32), np.arange(60))
    tried = np.geomspace(1e-6, 1, 61)
    best = RidgeCV(alphas=tried * 60, scoring=None).fit(standardized(features), np.eye(4)[labels])
    assert head.strength == pytest.approx(best.alpha_ / 60, rel=0.5)


def test_the_penalty_is_the_best_for_groups_left_out():
    features, labels, weights = made_up(60, 20)
    weights[:], groups = 1, np.arange(60) // 2
    head = solve_ridge(features, labels, 4, weights, groups)

    def error(strength):
        model = Ridge(alpha=strength * 60, solver="cholesky")
        targets = np.eye(4)[labels]
        scores = cross_val_predict(model, standardized(features), targets, groups=groups, cv=LeaveOneGroupOut())
        return ((scores - targets) ** 2).mean()

    assert error(head.strength) <= min(error(strength) for strength in np.geomspace(1e-4, 1, 9)) * 1.001
    assert error(head.strength / 30) > error(head.strength) * 1.001
    assert error(head.strength * 30) > error(head.strength) * 1.001


def test_copies_that_are_left_out_alone_would_flatter():
    """Labels that have nothing to do with the features are guessed; copies in groups of their own give them away."""
    random = np.random.default_rng(0)
    features = np.repeat(random.normal(size=(60, 200)), 2, axis=0).astype(np.float32)
    labels, ones = np.repeat(np.arange(60) % 2, 2), np.ones(120, np.float32)
    together = solve_ridge(features, labels, 2, ones, np.arange(120) // 2)
    assert ((together.loo_probabilities.argmax(axis=1) == labels).mean()) < 0.65
    alone = solve_ridge(features, labels, 2, ones, np.arange(120))
    assert ((alone.loo_probabilities.argmax(axis=1) == labels).mean()) == 1


def test_features_that_say_nothing_give_every_image_the_same():
    head = solve_ridge(np.full((12, 5), 0.7, np.float32), np.arange(12) % 3, 3, np.ones(12, np.float32), np.arange(12))
    assert not head.kernel.any()
    assert head.prior_loss == pytest.approx(np.log(3))
    assert head.loss == pytest.approx(np.log(3))


def test_weights_count_as_repeated_rows():
    """In the fit; the class of the row that counts three times has three times the prior."""
    features, labels, _ = made_up(40, 5)
    heavy = np.ones(40, np.float32)
    heavy[:10] = 3
    repeated = np.concatenate([np.arange(40), np.arange(10), np.arange(10)])
    problem = Problem(standardized(features), OneHot(labels, 4), heavy.astype(np.float64))
    plain = Problem(standardized(features)[repeated], OneHot(labels[repeated], 4), np.ones(60))
    one, other = ridge_system(problem), ridge_system(plain)
    np.testing.assert_allclose(one.fit(0.01).kernel(), other.fit(0.01).kernel(), atol=1e-6)
    np.testing.assert_allclose(one.means.targets, other.means.targets)


def test_a_stop_ends_it():
    features, labels, weights = made_up(60, 20)

    def check():
        raise Stopped

    with pytest.raises(Stopped):
        solve_ridge(features, labels, 4, weights, np.arange(60), check=check)


def test_a_sample_has_of_every_class_its_part_and_whole_groups():
    labels = np.repeat([0, 1, 2], [600, 300, 6])
    groups = RowGroups(np.arange(906) // 3)
    chosen = sample_groups(groups, labels, 90, seed=1)
    rows = np.concatenate([groups.rows(group) for group in chosen])
    assert list(np.bincount(labels[rows])) == [60, 30, 6]
    np.testing.assert_array_equal(chosen, sample_groups(groups, labels, 90, seed=1))
    assert list(chosen) != list(sample_groups(groups, labels, 90, seed=2))
    assert len(sample_groups(groups, labels, 906, seed=1)) == 302


def test_a_sample_of_folds_is_of_some_of_them():
    """Each of 100 folds holds a row of each of 10 classes."""
    labels, groups = np.arange(1_000) % 10, RowGroups(np.arange(1_000) // 10)
    assert len(sample_groups(groups, labels, 50, seed=1)) == 5
    assert len(sample_groups(groups, labels, 1, seed=1)) == 2


def test_a_penalty_chosen_on_a_sample_and_answers_of_a_sample(monkeypatch):
    features, labels, weights = made_up(300, 20)
    monkeypatch.setattr("kerastl.finetuning._ridge_solution._ENOUGH_TO_CHOOSE", 100)
    monkeypatch.setattr("kerastl.finetuning._ridge_solution._KEPT", 400)
    groups = np.arange(300) // 2
    head = solve_ridge(features, labels, 4, weights, groups)
    assert 90 <= len(head.loo_rows) <= 110
    assert (np.diff(head.loo_rows) > 0).all()
    for row in head.loo_rows[::20]:
        expected = refitted(features, labels, weights, head, groups == groups[row])
        own = head.loo_probabilities[groups[head.loo_rows] == groups[row]]
        np.testing.assert_allclose(own, expected, atol=2e-6)


def test_the_temperature_makes_the_labels_most_likely():
    random = np.random.default_rng(4)
    labels = random.integers(3, size=3_000)
    scores = 0.1 * np.eye(3)[labels] + random.normal(scale=0.1, size=(3_000, 3))
    temperature = fit_temperature(scores, labels)
    losses = {t: log_loss(labels, softmax(scores / t, axis=1)) for t in np.linspace(0.05, 0.2, 301)}
    assert temperature == pytest.approx(min(losses, key=losses.get), abs=0.001)
    # softmax(z / T) of such scores is the posterior for T = variance / step.
    assert temperature == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize(("n", "expected"), [(2, 3 / 4), (18, 19 / 20), (998, 999 / 1000)])
def test_where_all_answers_are_right_they_are_as_sure_as_their_number_allows(n, expected):
    labels = np.arange(n) % 2
    probabilities = softmax(np.eye(2)[labels] / fit_temperature(np.eye(2)[labels], labels), axis=1)
    assert probabilities.max(axis=1) == pytest.approx(expected, rel=1e-3)


def test_scores_that_are_all_the_same_have_a_temperature_of_1():
    assert fit_temperature(np.full((4, 2), 0.5), np.arange(4) % 2) == 1


def test_numbers_are_solved_as_scikit_learn_does(problem):
    """Two numbers a row, one of them far from 0; every third row is left out together with the next two."""
    features, labels, weights = problem
    random, groups = np.random.default_rng(1), np.arange(len(labels)) // 3
    numbers = np.stack([labels + random.normal(size=len(labels)), 1000 + 30 * labels], axis=1)
    found = solve_targets(features, TargetMatrix(numbers), weights, groups)
    assert list(found.rows) == list(range(len(labels)))
    scaled, relative = standardized(features), weights / weights.mean()
    model = Ridge(alpha=found.strength * len(labels), solver="cholesky").fit(scaled, numbers, sample_weight=relative)
    np.testing.assert_allclose(found.fitted, model.predict(scaled), rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(features @ found.kernel + found.bias, model.predict(scaled), rtol=1e-4, atol=2e-2)
    for group in np.unique(groups)[::7]:
        test = groups == group
        model.fit(scaled[~test], numbers[~test], sample_weight=relative[~test])
        np.testing.assert_allclose(found.left_out[test], model.predict(scaled[test]), rtol=1e-5, atol=1e-3)


def test_features_with_weights_are_those_times_their_weights(problem):
    """Ridge on features that are multiplied by hand; rows keep their mean squared length, the last one is constant."""
    features, labels, weights = problem
    of_features = np.linspace(0.5, 4, features.shape[1])
    found = solve_targets(features, OneHot(labels, 4), weights, np.arange(len(labels)), feature_weights=of_features)
    scaled = standardized(features) * of_features
    scaled /= np.sqrt((of_features[:-1] ** 2).mean())
    model = Ridge(alpha=found.strength * len(labels), solver="cholesky")
    model.fit(scaled, np.eye(4)[labels], sample_weight=weights / weights.mean())
    np.testing.assert_allclose(found.fitted, model.predict(scaled), atol=2e-3)


def test_around_a_first_guess_the_same_penalty_is_found(problem):
    features, labels, weights = problem
    solved = [
        solve_targets(features, OneHot(labels, 4), weights, np.arange(len(labels)), start=start)
        for start in (None, 1e-6, 1)
    ]
    for other in solved[1:]:
        assert other.strength == pytest.approx(solved[0].strength, rel=0.35)
