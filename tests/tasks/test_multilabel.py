import numpy as np
import pytest
from sklearn.metrics import average_precision_score, log_loss

from kerastl.tasks._multilabel import figures, losses


@pytest.fixture
def answers():
    random = np.random.default_rng(1)
    targets = random.random((60, 4)) < (0.5, 0.2, 0.1, 0.9)
    return np.clip(0.3 * targets + 0.7 * random.random((60, 4)), 0.01, 0.99), targets


def test_the_figure_is_the_mean_of_scikit_learns_average_precisions(answers):
    scores, targets = answers
    expected = [average_precision_score(targets[:, label], scores[:, label]) for label in range(4)]
    assert figures(scores, targets)["mean_average_precision"] == pytest.approx(np.mean(expected))


def test_without_any_label_nothing_was_found(answers):
    assert figures(answers[0], np.zeros((60, 4), bool))["mean_average_precision"] == 0


def test_losses_are_the_mean_of_each_labels_log_loss(answers):
    scores, targets = answers
    expected = np.mean([log_loss(targets[:, label], scores[:, label]) for label in range(4)])
    assert losses(scores, targets).shape == (60,)
    assert figures(scores, targets)["loss"] == pytest.approx(expected)
