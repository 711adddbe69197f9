import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from kerastl.errors import TrainingError
from kerastl.finetuning._cumulative_link import CumulativeLink, fit_cumulative_link


def drawn(classes, count=240, noise=0.8, seed=0):
    random = np.random.default_rng(seed)
    labels = random.integers(classes, size=count)
    return 3 + 2 * (labels + random.normal(scale=noise, size=count)), labels


def differences(slope, thresholds, scores):
    """The model as textbooks write it: differences of sigmoids."""
    beyond = expit(slope * scores[:, None] - np.asarray(thresholds))
    ones, zeros = np.ones((len(scores), 1)), np.zeros((len(scores), 1))
    return np.hstack([ones, beyond]) - np.hstack([beyond, zeros])


def expected(labels, classes):
    n = len(labels)
    return np.where(np.eye(classes)[labels] == 1, (n + 1) / (n + 2), 1 / (n + 2) / (classes - 1))


def test_probabilities_are_differences_of_sigmoids():
    scores = np.linspace(-6, 6, 25)
    link = CumulativeLink(1.5, np.array([-2.0, -1.9, 3.0]))
    np.testing.assert_allclose(link.probabilities(scores), differences(1.5, link.thresholds, scores), atol=1e-12)
    np.testing.assert_allclose(link.probabilities(scores).sum(axis=1), 1)


def test_far_classes_keep_a_probability_above_zero():
    found = CumulativeLink(1.0, np.array([0.0, 1.0])).probabilities(np.array([60.0]))
    assert found[0, 0] == pytest.approx(np.exp(-60), rel=1e-6)
    assert found[0, 1] == pytest.approx(np.exp(-59) - np.exp(-60), rel=1e-6)


def test_two_classes_are_logistic_regression():
    scores, labels = drawn(2)
    link = fit_cumulative_link(scores, labels, 2)
    rows, sure = np.tile(scores, 2)[:, None], expected(labels, 2)[np.arange(len(labels)), labels]
    known = LogisticRegression(C=np.inf, tol=1e-10).fit(
        rows, np.concatenate([labels, 1 - labels]), np.concatenate([sure, 1 - sure])
    )
    assert link.slope == pytest.approx(known.coef_[0, 0], rel=1e-3)
    assert link.thresholds[0] == pytest.approx(-known.intercept_[0], rel=1e-3)


def test_the_most_likely_slope_and_thresholds_are_found():
    scores, labels = drawn(4)
    link = fit_cumulative_link(scores, labels, 4)
    target = expected(labels, 4)

    def loss(sought):
        with np.errstate(all="ignore"):
            return -np.mean((target * np.log(differences(sought[0], np.sort(sought[1:]), scores))).sum(axis=1))

    known = minimize(loss, [1.0, 3.0, 5.0, 7.0], method="Nelder-Mead", options={"xatol": 1e-7, "maxiter": 8_000})
    assert loss([link.slope, *link.thresholds]) <= known.fun + 1e-9
    np.testing.assert_allclose([link.slope, *link.thresholds], known.x, rtol=1e-3)


def test_weights_count_as_copies_do():
    scores, labels = drawn(3, count=60)
    twice = np.arange(60) < 20
    weighted = fit_cumulative_link(scores, labels, 3, np.where(twice, 2.0, 1.0))
    copied = np.concatenate([np.arange(60), np.flatnonzero(twice)])
    known = fit_cumulative_link(scores[copied], labels[copied], 3)
    np.testing.assert_allclose(weighted.thresholds, known.thresholds, rtol=0.05)  # but for n in the prior


def test_scores_that_tell_classes_apart_without_error_have_a_finite_slope():
    labels = np.repeat([0, 1, 2], 10)
    link = fit_cumulative_link(labels.astype(float), labels, 3)
    assert 0 < link.slope < 30
    assert (link.probabilities(np.array([0.0, 1.0, 2.0])).argmax(axis=1) == [0, 1, 2]).all()


def test_scores_that_say_nothing_leave_the_frequencies():
    labels = np.repeat([0, 1, 2], [30, 60, 10])
    link = fit_cumulative_link(np.full(100, 7.0), labels, 3)
    np.testing.assert_allclose(link.probabilities(np.array([7.0]))[0], [0.3, 0.6, 0.1], atol=0.01)


def test_scores_in_the_wrong_direction_have_a_slope_of_zero():
    scores, labels = drawn(3)
    assert fit_cumulative_link(-scores, labels, 3).slope == 0


def test_a_class_that_no_image_shows_gets_next_to_nothing():
    scores, labels = drawn(4)
    scores, labels = scores[labels != 2], labels[labels != 2]
    link = fit_cumulative_link(scores, labels, 4)
    assert (np.diff(link.thresholds) > 0).all()
    assert link.probabilities(scores)[:, 2].max() < 0.05


def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(TrainingError, match="NaN or infinity"):
        fit_cumulative_link(np.array([0.0, np.nan]), np.array([0, 1]), 2)
