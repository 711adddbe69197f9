"""The closed-form head is scikit-learn's ridge regression, and leaving a group out is fitting without it."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from kerastl.errors import TrainingError
from kerastl.finetuning._ridge import solve_ridge


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
