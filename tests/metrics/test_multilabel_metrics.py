"""Figures of sets of labels against scikit-learn, and against what one works out by hand."""

import numpy as np
import pytest
import sklearn.metrics as reference

from kerastl._metrics import multilabel
from kerastl._metrics.multilabel import LabelCounts, RankedScores

# Four images, three labels; the last label stands on none.
SCORES = np.array([[0.9, 0.2, 0.1], [0.8, 0.6, 0.3], [0.4, 0.6, 0.2], [0.1, 0.9, 0.1]], np.float32)
TRUTH = np.array([[1, 0, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0]], bool)


@pytest.fixture
def many():
    """200 images, six labels of very different frequency, with many equal scores."""
    random = np.random.default_rng(0)
    truth = random.random((200, 6)) < [0.5, 0.3, 0.2, 0.1, 0.05, 0.02]
    scores = np.round(np.clip(random.normal(0.3 + 0.3 * truth, 0.2), 0, 1), 1).astype(np.float32)
    return scores, truth


def test_average_precision_by_hand():
    first, second, third = multilabel.average_precisions(SCORES, TRUTH)
    assert first == pytest.approx((1 / 1 + 2 / 3) / 2)
    # The second and the third image score the same: one threshold, with two of three right.
    assert second == pytest.approx((1 / 1 + 2 / 3) / 2)
    assert np.isnan(third)
    assert multilabel.mean_average_precision(SCORES, TRUTH) == pytest.approx(5 / 6)


def test_average_precision_is_scikit_learns(many):
    scores, truth = many
    expected = reference.average_precision_score(truth, scores, average=None)
    assert multilabel.average_precisions(scores, truth) == pytest.approx(expected)


def test_weighted_average_precision_is_that_of_repeated_images(many):
    scores, truth = many
    weights = np.bincount(np.random.default_rng(1).integers(0, 200, 200), minlength=200)
    again = np.repeat(np.arange(200), weights)
    expected = reference.average_precision_score(truth[again], scores[again], average=None)
    assert RankedScores.of(scores, truth).average_precisions(weights) == pytest.approx(expected)


def test_no_label_at_all_gives_no_number():
    assert np.isnan(multilabel.mean_average_precision(SCORES, np.zeros((4, 3), bool)))
    assert np.isnan(LabelCounts.of(SCORES > 0.5, np.zeros((4, 3), bool)).macro()).all()


@pytest.mark.parametrize("weighted", [False, True])
def test_precision_recall_and_f1_are_scikit_learns(many, weighted):
    scores, truth = many
    given = scores > 0.5
    weights = np.bincount(np.random.default_rng(1).integers(0, 200, 200), minlength=200) if weighted else None
    counts = LabelCounts.of(given, truth, weights)

    def expected(average):
        figures = reference.precision_recall_fscore_support(
            truth, given, average=average, sample_weight=weights, zero_division=0
        )
        return figures[:3]

    for mine, theirs in zip((counts.precision, counts.recall, counts.f1), expected(None), strict=True):
        assert mine == pytest.approx(theirs)
    assert counts.macro() == pytest.approx(expected("macro"))
    micro = counts.micro()
    assert (micro.precision[0], micro.recall[0], micro.f1[0]) == pytest.approx(expected("micro"))


def test_macro_means_leave_out_labels_that_no_image_has():
    given = SCORES > 0.5
    # The first label: given to two, one of them right, of two that have it. The second: three, two, two.
    assert LabelCounts.of(given, TRUTH).macro() == pytest.approx((7 / 12, 3 / 4, (1 / 2 + 4 / 5) / 2))


def test_log_loss_is_scikit_learns(many):
    scores, truth = many
    clipped = np.clip(scores, 0.1, 0.9)
    expected = [reference.log_loss(truth[:, label], clipped[:, label].astype(float)) for label in range(6)]
    assert multilabel.log_losses(clipped, truth).mean(axis=0) == pytest.approx(expected, rel=1e-6)
    assert np.isfinite(multilabel.log_losses(scores, truth)).all()


def test_labels_that_stand_together_by_hand():
    sets = np.array([[1, 1, 0], [1, 1, 1], [1, 0, 0]], bool)
    assert multilabel.co_occurrence(sets).tolist() == [[3, 2, 1], [2, 2, 1], [1, 1, 1]]
