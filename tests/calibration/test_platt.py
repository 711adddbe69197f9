import numpy as np
import pytest
from scipy.special import expit

from kerastl.calibration._platt import PlattScale, fit, fit_probabilities, logits


@pytest.fixture
def scored():
    """Scores whose chance of a label is known: sigmoid(3 score - 1) and sigmoid(0.5 score + 2)."""
    scores = np.random.default_rng(0).normal(size=(20_000, 2))
    chances = expit(scores * (3, 0.5) + (-1, 2))
    return scores, np.random.default_rng(1).random(chances.shape) < chances


def test_slopes_and_offsets_are_found(scored):
    scale = fit(*scored)
    assert scale.slopes == pytest.approx([3, 0.5], rel=0.1)
    assert scale.offsets == pytest.approx([-1, 2], abs=0.1)


def test_they_are_those_of_logistic_regression_by_scikit_learn(scored):
    from sklearn.linear_model import LogisticRegression

    scores, truth = (each[:, :1] for each in scored)
    plain = LogisticRegression(C=1e9, tol=1e-8).fit(scores, truth.ravel())
    scale = fit(scores, truth)
    # Of 20,000 images one more of each kind changes little.
    assert scale.slopes[0] == pytest.approx(plain.coef_[0, 0], rel=1e-2)
    assert scale.offsets[0] == pytest.approx(plain.intercept_[0], rel=1e-2)


def test_units_of_scores_do_not_matter(scored):
    scores, truth = scored[0][:500], scored[1][:500]
    other = fit(1000 * scores + 7, truth)
    assert other.apply(1000 * scores + 7) == pytest.approx(fit(scores, truth).apply(scores), abs=1e-4)


def test_scores_that_tell_all_apart_promise_no_certainty():
    scores = np.array([[0.0], [0.1], [0.9], [1.0]])
    found = fit(scores, scores > 0.5).apply(scores).ravel()
    # Two images with the label count as three of four, two without it as one of four.
    assert found == pytest.approx([0.25, 0.25, 0.75, 0.75], abs=0.05)


@pytest.mark.parametrize("value", [False, True])
def test_a_label_of_no_image_or_of_all_keeps_its_order(value):
    scores = np.array([[0.1], [0.4], [0.3]])
    found = fit(scores, np.full((3, 1), value)).apply(scores).ravel()
    assert found.argsort().tolist() == [0, 2, 1]
    assert found == pytest.approx(0.8 if value else 0.2, abs=0.01)  # 4 of 5, or 1 of 5


def test_equal_scores_give_the_frequency():
    found = fit(np.zeros((6, 1)), np.array([[1], [0], [0], [0], [0], [0]], bool))
    assert found.apply(np.zeros((1, 1)))[0, 0] == pytest.approx((2 / 3 + 5 / 7) / 6, abs=1e-3)


def test_a_layer_takes_the_scale():
    random = np.random.default_rng(0)
    features, kernel, bias = random.normal(size=(5, 4)), random.normal(size=(4, 2)), random.normal(size=2)
    scale = PlattScale(np.array([2.0, 0.3]), np.array([1.0, -1.0]))
    scaled, shifted = scale.into(kernel, bias)
    assert scaled.dtype == shifted.dtype == np.float32
    assert expit(features @ scaled + shifted) == pytest.approx(scale.apply(features @ kernel + bias), abs=1e-6)


def test_probabilities_are_scaled_by_their_logits(scored):
    scores, truth = scored[0][:400], scored[1][:400]
    probabilities = expit(scores)
    scale = fit_probabilities(probabilities, truth)
    assert scale.apply_to_probabilities(probabilities) == pytest.approx(fit(scores, truth).apply(scores), abs=1e-4)
    assert np.isfinite(logits(np.array([0.0, 1.0]))).all()
