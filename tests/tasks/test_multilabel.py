import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from kerastl.tasks._multilabel import average_precisions, figures, losses


@pytest.fixture
def answers():
    random = np.random.default_rng(1)
    targets = random.random((60, 4)) < (0.5, 0.2, 0.1, 0.9)
    # Rounded, so that many scores are equal.
    return np.round(np.clip(0.3 * targets + 0.7 * random.random((60, 4)), 0.01, 0.99), 1).astype("float32"), targets


def test_average_precision_is_that_of_scikit_learn(answers):
    scores, targets = answers
    expected = [average_precision_score(targets[:, label], scores[:, label]) for label in range(4)]
    assert average_precisions(scores, targets) == pytest.approx(expected)
    assert figures(scores, targets)["map"] == pytest.approx(np.mean(expected))


def test_average_precision_by_hand():
    # Down from the best: right, wrong, right. Precisions at the right ones: 1/1 and 2/3.
    scores = np.array([[0.9], [0.5], [0.4]])
    assert average_precisions(scores, np.array([[True], [False], [True]])) == pytest.approx([5 / 6])


def test_a_label_that_no_image_has_does_not_count():
    scores = np.array([[0.9, 0.9], [0.5, 0.1]])
    targets = np.array([[True, False], [False, False]])
    assert np.isnan(average_precisions(scores, targets)).tolist() == [False, True]
    assert figures(scores, targets)["map"] == 1
    assert figures(scores, np.zeros_like(targets))["map"] == 0


def test_losses_are_the_mean_of_each_labels_log_loss(answers):
    scores, targets = answers
    scores = scores.astype("float64").clip(0.01, 0.99)
    expected = np.mean([log_loss(targets[:, label], scores[:, label]) for label in range(4)])
    assert losses(scores, targets).shape == (60,)
    assert figures(scores, targets)["loss"] == pytest.approx(expected)


def test_a_score_of_nothing_for_what_is_there_is_no_infinite_loss():
    loss = losses(np.array([[0.0, 1.0]], "float32"), np.array([[True, True]]))
    assert loss[0] == pytest.approx(-np.log(np.finfo("float32").eps) / 2)
