import math

import numpy as np
import pytest
from scipy.special import softmax

from kerastl.calibration import _conformal as conformal
from kerastl.errors import UsageError

ROW = np.array([[0.1, 0.5, 0.25, 0.1, 0.02, 0.02, 0.01]])


def test_scores_by_hand():
    def score(label):
        return conformal.scores(ROW, np.array([label]))[0]

    assert score(1) == 0
    assert score(2) == pytest.approx(0.5)
    assert score(0) == pytest.approx(0.75)  # before 3, which is as probable
    assert score(3) == pytest.approx(0.85)
    assert score(4) == pytest.approx(0.95)
    assert score(5) == pytest.approx(0.97 + 0.01)  # the sixth place costs one penalty
    assert score(6) == pytest.approx(0.99 + 0.02)


def test_sizes_by_hand():
    for threshold, size in [(0, 1), (0.49, 1), (0.51, 2), (0.8, 3), (0.97, 5), (0.979, 5), (0.985, 6), (1.02, 7)]:
        assert conformal.sizes(ROW, threshold).tolist() == [size]


def test_a_class_is_in_the_set_if_its_score_is_low_enough():
    random = np.random.default_rng(1)
    own = softmax(3 * random.normal(size=(200, 12)), axis=1)
    labels = random.integers(0, 12, 200)
    place = (np.argsort(-own, axis=1) == labels[:, None]).argmax(axis=1)
    for threshold in (0.0, 0.3, 0.9, 1.0):
        inside = conformal.scores(own, labels) <= threshold
        assert (inside == (place < conformal.sizes(own, threshold))).all()


def test_the_threshold_is_an_order_statistic():
    scores = np.array([0.4, 0.1, 0.3, 0.2])
    assert conformal.threshold(scores, 0.4) == 0.2  # ceil(5 * 0.4) = 2
    assert conformal.threshold(scores, 0.41) == 0.3
    assert conformal.threshold(scores, 0.8) == 0.4
    for impossible in (0.81, 1.0, 0.0):
        with pytest.raises(UsageError, match=r"from 4 calibration images: between 0 and 0\.8 can"):
            conformal.threshold(scores, impossible)
    # 20 * 0.95 is 19 only up to rounding.
    assert conformal.threshold(np.arange(19.0), 0.95) == 18


@pytest.mark.parametrize("coverage", [0.8, 0.95])
def test_the_coverage_is_what_theory_says(coverage):
    """Over draws of n calibration images and of new ones it is ceil((n + 1) coverage) / (n + 1) on average.

    Scores without ties have exactly that; the classifier here is right so seldom that no threshold is 0, where the
    ties are. Given the calibration images, the coverage has a Beta distribution, which gives the standard error.
    """
    random = np.random.default_rng(2)
    n, repeats, new = 60, 600, 200
    covered = []
    for _ in range(repeats):
        logits = 2 * random.normal(size=(n + new, 10))
        chosen = softmax(logits / 2, axis=1)  # the truth is flatter than the scores: the classifier is too sure
        labels = (chosen.cumsum(axis=1) > random.random((n + new, 1))).argmax(axis=1)
        own = softmax(logits, axis=1)
        threshold = conformal.threshold(conformal.scores(own[:n], labels[:n]), coverage)
        place = (np.argsort(-own[n:], axis=1) == labels[n:, None]).argmax(axis=1)
        covered.append((place < conformal.sizes(own[n:], threshold)).mean())
    expected = math.ceil((n + 1) * coverage) / (n + 1)
    error = math.sqrt(expected * (1 - expected) * (1 / (n + 2) + 1 / new) / repeats)
    assert np.mean(covered) == pytest.approx(expected, abs=3 * error)
    assert expected >= coverage
