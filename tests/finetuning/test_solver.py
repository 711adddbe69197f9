"""The head solved directly is the logistic regression that scikit-learn and SciPy give when they take their time."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from kerastl.errors import TrainingError
from kerastl.finetuning import _solver as solver
from kerastl.finetuning._solver import STRENGTHS, solve_head


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

    # Of two classes scikit-learn penalizes one column, the difference of the two here.
    penalized = 2 if classes == 2 else 1

    def objective(kernel, bias):
        loss = log_loss(labels, softmax(scaled @ kernel + bias, axis=1), normalize=False)
        return strength * loss + penalized * (kernel**2).sum() / 2

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


def made_up(classes, rows, width, noise, seed=0):
    """Rows around a center for each class, cut off at zero as activations are."""
    random = np.random.default_rng(seed)
    centers = np.maximum(random.normal(size=(classes, width)), 0)
    labels = np.repeat(np.arange(classes), rows)
    features = np.maximum(centers[labels] + noise * random.normal(size=(len(labels), width)), 0)
    return features.astype(np.float32), labels, centers


def least_loss(features, labels, classes, strength):
    """Mean cross entropy at the minimum, by SciPy in float64 with a strict tolerance."""
    scaled = features.astype(np.float64) - features.mean(axis=0, dtype=np.float64)
    deviation = scaled.std(axis=0)
    scaled = scaled / np.where(deviation > 1e-6, deviation, np.inf) / np.sqrt(features.shape[1])
    penalty, targets = (2 if classes == 2 else 1) / (strength * 1e4), np.eye(classes)[labels]

    def losses(flat):
        logits = scaled @ flat[classes:].reshape(-1, classes) + flat[:classes]
        return logits, logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]

    def objective(flat):
        logits, each = losses(flat)
        slope = (softmax(logits, axis=1) - targets) / len(labels)
        inner = np.concatenate([slope.sum(axis=0), (scaled.T @ slope).ravel() + penalty * flat[classes:]])
        return each.mean() + penalty / 2 * (flat[classes:] ** 2).sum(), inner

    zeros = np.zeros((features.shape[1] + 1) * classes)
    options = {"maxiter": 5_000, "gtol": 1e-5 * np.abs(objective(zeros)[1]).max(), "ftol": 0}
    with threadpool_limits(1):
        return losses(minimize(objective, zeros, jac=True, method="L-BFGS-B", options=options).x)[1].mean()


def reached_loss(head, features, labels):
    logits = features.astype(np.float64) @ head.kernel + head.bias
    return float((logsumexp(logits, axis=1) - logits[np.arange(len(labels)), labels]).mean())


@pytest.mark.parametrize(
    ("classes", "rows", "width", "noise"),
    [(2, 20, 16, 1), (10, 10, 32, 0.5), (60, 6, 32, 1), (100, 5, 32, 0.5), (200, 4, 24, 1), (1_000, 2, 6, 0.3)],
)
def test_the_loss_is_the_least_for_few_classes_and_many(classes, rows, width, noise):
    features, labels, _ = made_up(classes, rows, width, noise)
    head = solve_head(features, labels, classes, np.ones(len(labels), np.float32))
    assert head.converged
    assert head.prior_loss == pytest.approx(np.log(classes))
    least = least_loss(features, labels, classes, head.strength)
    assert reached_loss(head, features, labels) == pytest.approx(least, rel=0.02, abs=1e-4)
    assert head.loss == pytest.approx(reached_loss(head, features, labels), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(("classes", "width"), [(130, 1_280), (1_200, 12)])
def test_many_classes_are_told_apart(classes, width):
    features, labels, centers = made_up(classes, 2, width, 0.2)
    head = solve_head(features, labels, classes, np.ones(len(labels), np.float32))
    fresh = np.maximum(centers + 0.2 * np.random.default_rng(1).normal(size=centers.shape), 0).astype(np.float32)
    right = np.mean((fresh @ head.kernel + head.bias).argmax(axis=1) == np.arange(classes))
    mean, scale = features.mean(axis=0), features.std(axis=0) * np.sqrt(width)
    # A tolerance far below any gradient of so many classes, and scikit-learn finds the same.
    strict = LogisticRegression(C=head.strength * 1e4 / len(labels), tol=1e-7, max_iter=2_000)
    strict.fit((features - mean) / scale, labels)
    assert right == pytest.approx(np.mean(strict.predict((fresh - mean) / scale) == np.arange(classes)), abs=0.005)
    assert right > 100 / classes


def test_products_in_float32_give_the_same(monkeypatch):
    features, labels, _ = made_up(60, 6, 32, 1)
    ones = np.ones(len(labels), np.float32)
    exact = solve_head(features, labels, 60, ones)
    monkeypatch.setattr("kerastl.finetuning._softmax_regression.LARGE", 1)
    rough = solve_head(features, labels, 60, ones)
    assert rough.strength == exact.strength
    assert rough.converged
    assert rough.loss == pytest.approx(exact.loss, rel=0.01)


@pytest.mark.parametrize("change", ["large", "tiny", "constant", "repeated"])
def test_features_of_any_kind(change):
    features, labels, _ = made_up(20, 6, 24, 0.5)
    changed = {
        "large": features * 1e5,
        "tiny": features * 1e-9,
        "constant": np.hstack([features, np.full_like(features, 1234.567)]),
        "repeated": np.hstack([features, features]),
    }[change]
    ones = np.ones(len(labels), np.float32)
    plain, other = (solve_head(given, labels, 20, ones) for given in (features, changed))
    assert reached_loss(other, changed, labels) == pytest.approx(
        least_loss(changed / np.abs(changed).max(), labels, 20, other.strength), rel=0.02, abs=1e-4
    )
    answers = [
        (given @ head.kernel + head.bias).argmax(axis=1) for given, head in ((features, plain), (changed, other))
    ]
    assert np.mean(answers[0] == answers[1]) > 0.99
    if change == "constant":
        assert not other.kernel[24:].any()


def test_classes_with_one_image_and_classes_without_any():
    features, labels, _ = made_up(30, 6, 24, 0.5)
    kept = (labels < 20) | (np.arange(len(labels)) % 6 == 0)  # of the last ten classes one image each
    features, labels = features[kept], labels[kept]
    head = solve_head(features, labels, 31, np.ones(len(labels), np.float32))
    assert head.strength > min(STRENGTHS)
    assert np.mean((features @ head.kernel + head.bias).argmax(axis=1) == labels) == 1.0
    alone = solve_head(features[-10:], labels[-10:], 31, np.ones(10, np.float32))
    assert alone.strength == 1.0  # nothing to choose by


def test_the_folds_are_stratified():
    labels = np.repeat([0, 1, 2, 3], [1, 2, 7, 900])
    rows, folds = solver._draw(labels, 300, 0)
    assert rows.tolist() == sorted(set(rows.tolist()))
    drawn = labels[rows]
    assert np.bincount(drawn).tolist() == [1, 2, 3, 296]  # 900 * 300 // 910 = 296
    assert folds[drawn == 0].tolist() == [-1]
    assert len(set(folds[drawn == 1])) == 2
    assert sorted(folds[drawn == 2]) == [0, 1, 2]
    assert sorted(np.bincount(folds[drawn == 3])) == [98, 99, 99]


def test_a_strength_whose_fit_ran_out_of_steps_is_not_chosen(monkeypatch):
    features, labels, _ = made_up(30, 6, 24, 0.5)
    ones = np.ones(len(labels), np.float32)
    assert solve_head(features, labels, 30, ones).strength > 0.01
    monkeypatch.setattr("kerastl.finetuning._softmax_regression._STEPS", 1)
    monkeypatch.setattr("kerastl.finetuning._softmax_regression._NEARLY", 1e-4)
    head = solve_head(features, labels, 30, ones)
    assert head.strength == 0.01
    assert not head.converged


def test_features_that_are_all_the_same_teach_nothing():
    head = solve_head(np.full((12, 5), 0.7, np.float32), np.arange(12) % 3, 3, np.ones(12, np.float32))
    assert not head.kernel.any()
    assert head.loss == pytest.approx(head.prior_loss)


def test_weights_and_frequencies_are_the_start():
    features, labels = np.zeros((4, 2), np.float32), np.array([0, 0, 0, 1])
    head = solve_head(features, labels, 2, np.array([1, 1, 1, 3], np.float32))
    assert head.prior_loss == pytest.approx(np.log(2))  # both classes weigh 3
    head = solve_head(features, labels, 2, np.ones(4, np.float32))
    assert head.prior_loss == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))


def test_features_that_are_no_numbers_are_one_clear_line():
    features = np.ones((6, 3), np.float32)
    features[2, 1] = np.nan
    with pytest.raises(TrainingError, match="features hold NaN or infinity"):
        solve_head(features, np.arange(6) % 2, 2, np.ones(6, np.float32))


def test_a_check_ends_the_work():
    features, labels, _ = made_up(10, 6, 24, 0.5)

    def check():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        solve_head(features, labels, 10, np.ones(len(labels), np.float32), check=check)
