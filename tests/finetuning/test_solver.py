"""The head solved directly is the logistic regression that scikit-learn's own pieces give."""

import numpy as np
import pytest
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler

from kerastl.finetuning.solver import STRENGTHS, solve_head


@pytest.fixture(params=[2, 4])
def problem(request):
    """Features of very different sizes, one of them constant, and their classes; more rows than are summed at once."""
    random = np.random.default_rng(5)
    labels = random.integers(request.param, size=1_500)
    features = random.normal(size=(1_500, 12)) + np.eye(request.param, 12)[labels]
    features = features * np.geomspace(0.01, 100, 12) + 7
    features[:, -1] = 3
    return features.astype(np.float32), labels, request.param


def test_it_is_the_least_of_what_scikit_learn_minimises(problem):
    features, labels, classes = problem
    head = solve_head(features, labels, classes, np.ones(len(labels), np.float32))
    assert head.strength in STRENGTHS
    scaler = StandardScaler().fit(features.astype(np.float64))
    scaled = scaler.transform(features.astype(np.float64)) / np.sqrt(12)
    strength = head.strength * 1e4 / len(labels)

    # Of two classes scikit-learn penalises one column, the difference of the two here.
    penalised = 2 if classes == 2 else 1

    def objective(kernel, bias):
        loss = log_loss(labels, softmax(scaled @ kernel + bias, axis=1), normalize=False)
        return strength * loss + penalised * (kernel**2).sum() / 2

    kernel = head.kernel * (scaler.scale_ * np.sqrt(12))[:, None]
    kernel[-1] = 0  # the constant feature
    reached = objective(kernel, head.bias + scaler.mean_ @ head.kernel)
    plain = LogisticRegression(C=strength, tol=1e-8, max_iter=10_000).fit(scaled, labels)
    rows, bias = plain.coef_, plain.intercept_
    if classes == 2:
        rows, bias = np.vstack([-rows / 2, rows / 2]), np.concatenate([-bias / 2, bias / 2])
    least = objective(rows.T, bias)
    assert reached == pytest.approx(least, rel=1e-3)
    assert objective(0.9 * rows.T, bias) > 1.002 * least


def test_features_may_come_row_by_row_and_leave_no_file(problem, tmp_path):
    features, labels, classes = problem

    class Lazy:
        def __len__(self):
            return len(features)

        def __getitem__(self, part):
            return features[part].astype(np.float16).astype(np.float64)

    lazy, ones = Lazy(), np.ones(len(labels), np.float32)
    head = solve_head(lazy, labels, classes, ones, scratch=tmp_path)
    whole = solve_head(lazy[:], labels, classes, ones)
    np.testing.assert_array_equal(head.kernel, whole.kernel)
    np.testing.assert_array_equal(head.bias, whole.bias)
    assert not list(tmp_path.iterdir())
