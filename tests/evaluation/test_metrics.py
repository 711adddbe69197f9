"""The figures against scikit-learn, and against what one works out by hand."""

import math

import numpy as np
import pytest
import sklearn.metrics as reference

from kerastl._metrics import log_losses, ranks
from kerastl.evaluation import _bootstrap as bootstrap
from kerastl.evaluation import _metrics as metrics
from kerastl.evaluation._metrics import reliability

NAMES = ("a", "b", "c")
# Three classes, five images: right, right, wrong (b for a), wrong (c for b), right on a tie.
PROBABILITIES = np.array(
    [[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.6, 0.1], [0.2, 0.3, 0.5], [0.4, 0.2, 0.4]], np.float32
)
LABELS = np.array([0, 1, 0, 1, 0])


@pytest.fixture
def many():
    """300 images, seven classes of which the last has none, right about half of the time."""
    random = np.random.default_rng(0)
    labels = random.integers(0, 6, 300)
    logits = random.normal(size=(300, 7)) + 1.5 * np.eye(7)[labels]
    exponents = np.exp(logits)
    return (exponents / exponents.sum(1, keepdims=True)).astype(np.float32), labels


def test_ranks_by_hand():
    assert ranks(PROBABILITIES, LABELS).tolist() == [0, 0, 1, 1, 0]
    # On a tie the lower index stands first.
    assert ranks(PROBABILITIES[4:], np.array([2])).tolist() == [1]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_is_scikit_learns(many, k):
    probabilities, labels = many
    expected = reference.top_k_accuracy_score(labels, probabilities, k=k, labels=range(7))
    assert (ranks(probabilities, labels) < k).mean() == pytest.approx(expected)


def test_log_loss_is_scikit_learns(many):
    probabilities, labels = many
    exact = probabilities.astype(np.float64)
    expected = reference.log_loss(labels, exact / exact.sum(1, keepdims=True), labels=range(7))
    assert log_losses(probabilities, labels).mean() == pytest.approx(expected, rel=1e-6)
    assert log_losses(PROBABILITIES, LABELS)[2] == pytest.approx(-math.log(0.3), rel=1e-6)


def test_a_probability_of_zero_costs_a_lot_and_not_infinitely_much():
    nothing = np.array([[1, 0]], np.float32)
    assert log_losses(nothing, np.array([1]))[0] == pytest.approx(23 * math.log(2))


def test_brier_score_by_hand_and_by_scikit_learn(many):
    assert metrics.brier_scores(PROBABILITIES, LABELS)[0] == pytest.approx(0.3**2 + 0.2**2 + 0.1**2)
    probabilities, labels = many
    exact = probabilities.astype(np.float64)
    expected = ((exact - np.eye(7)[labels]) ** 2).sum(1).mean()
    assert metrics.brier_scores(probabilities, labels).mean() == pytest.approx(expected)
    binary = exact[:, :2] / exact[:, :2].sum(1, keepdims=True)
    halved = reference.brier_score_loss(labels > 2, binary[:, 1])
    assert metrics.brier_scores(binary, (labels > 2).astype(int)).mean() == pytest.approx(2 * halved)


def test_class_scores_by_hand():
    predicted = PROBABILITIES.argmax(1)  # a b b c a
    a, b = metrics.class_scores(predicted, LABELS, NAMES)
    assert (a.label, a.support, a.precision, a.recall) == ("a", 3, 1.0, pytest.approx(2 / 3))
    assert (b.label, b.support, b.precision, b.recall, b.f1) == ("b", 2, 0.5, 0.5, 0.5)
    assert a.f1 == pytest.approx(2 * (2 / 3) / (1 + 2 / 3))


def test_confusion_by_hand():
    matrix = metrics.confusion_matrix(PROBABILITIES.argmax(1), LABELS)
    assert matrix.classes.tolist() == [0, 1, 2]
    assert matrix.counts.tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 0]]
    assert [(c.label, c.predicted, c.count, c.fraction) for c in metrics.most_confused(matrix, NAMES)] == [
        ("a", "b", 1, pytest.approx(1 / 3)),
        ("b", "c", 1, 0.5),
    ]
    assert metrics.most_confused(matrix, NAMES, 1)[0].label == "a"
    assert {"label": "b", "predicted": "c", "count": 1} in metrics.as_rows(matrix, NAMES)
    assert len(metrics.as_rows(matrix, NAMES)) == 4


def test_the_most_frequent_confusion_comes_first(many):
    probabilities, labels = many
    predicted = probabilities.argmax(1)
    matrix = metrics.confusion_matrix(predicted, labels)
    pairs = metrics.most_confused(matrix, tuple("abcdefg"))
    counts = [pair.count for pair in pairs]
    assert counts == sorted(counts, reverse=True)
    assert sum(counts) == (predicted != labels).sum()


def test_reliability_by_hand():
    # Two bins: 0.5 and less, more than that.
    found = reliability(np.array([0.5, 0.4, 0.9, 0.8, 0.7]), np.array([True, False, True, True, False]), bins=2)
    assert found.counts.tolist() == [2, 3]
    assert found.confidence == pytest.approx([0.45, 0.8])
    assert found.accuracy == pytest.approx([0.5, 2 / 3])
    assert found.error == pytest.approx(0.4 * 0.05 + 0.6 * (0.8 - 2 / 3))
    assert found.as_dict()["filled"][0]["to"] == 0.5


def test_empty_bins_weigh_nothing():
    found = reliability(np.array([1.0, 1.0]), np.array([True, False]))
    assert found.counts.tolist() == [0] * 14 + [2]
    assert np.isnan(found.accuracy[:14]).all()
    assert found.error == 0.5


def test_reliability_is_scikit_learns_curve(many):
    from sklearn.calibration import calibration_curve

    probabilities, labels = many
    confidence, right = probabilities.max(1).astype(float), probabilities.argmax(1) == labels
    accuracy, mean = calibration_curve(right, confidence, n_bins=15)
    found = reliability(confidence, right)
    assert found.accuracy[found.counts > 0] == pytest.approx(accuracy)
    assert found.confidence[found.counts > 0] == pytest.approx(mean)


def test_figures_are_scikit_learns(many):
    probabilities, labels = many
    predicted = probabilities.argmax(1)
    figures = bootstrap.PerImage.of(probabilities, labels, k=5, bins=15).figures()
    precision, recall, f1, _ = reference.precision_recall_fscore_support(
        labels, predicted, labels=range(6), average="macro", zero_division=0
    )
    assert figures["accuracy"] == pytest.approx(reference.accuracy_score(labels, predicted))
    assert (figures["macro_precision"], figures["macro_recall"], figures["macro_f1"]) == (
        pytest.approx(precision),
        pytest.approx(recall),
        pytest.approx(f1),
    )


def test_intervals_are_those_of_the_binomial_distribution():
    """Resampling 400 images of which 3/4 are right: the standard error is sqrt(3/16 / 400)."""
    probabilities = np.array([[0.9, 0.1]] * 300 + [[0.1, 0.9]] * 100, np.float32)
    images = bootstrap.PerImage.of(probabilities, np.zeros(400, int), 1)
    low, high = bootstrap.intervals(images)["accuracy"]
    error = math.sqrt(3 / 16 / 400)
    assert low == pytest.approx(0.75 - 1.96 * error, abs=0.2 * error)
    assert high == pytest.approx(0.75 + 1.96 * error, abs=0.2 * error)


def test_intervals_repeat_with_the_seed():
    images = bootstrap.PerImage.of(PROBABILITIES, LABELS, 2)
    first, again, other = (bootstrap.intervals(images, resamples=50, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_interval_of_the_calibration_error_is_around_it():
    """Scores that are right as often as they say: resamples look worse than all images together."""
    random = np.random.default_rng(3)
    sure = random.uniform(0.5, 1, 60)
    probabilities = np.stack([sure, 1 - sure], axis=1)
    images = bootstrap.PerImage.of(probabilities, (random.random(60) > sure).astype(int), 1)
    low, high = bootstrap.intervals(images)["calibration_error"]
    assert 0 <= low < images.figures()["calibration_error"] < high


def test_a_single_class_has_a_matrix_of_one_cell():
    matrix = metrics.confusion_matrix(np.array([2, 2]), np.array([2, 2]))
    assert (matrix.classes.tolist(), matrix.counts.tolist()) == ([2], [[2]])
