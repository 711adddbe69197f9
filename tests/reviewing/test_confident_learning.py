import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.reviewing import confident_joint, find_label_errors
from kerastl.reviewing._confident_learning import normalized_margins


def made_up(seed, n=300, classes=4, flipped=0.1):
    """Scores that mostly know the truth, and labels of which some are flipped."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, classes, n)
    logits = random.normal(size=(n, classes)) + 3 * np.eye(classes)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wrong = random.random(n) < flipped
    return np.where(wrong, (truth + 1) % classes, truth), probabilities, wrong


def test_the_joint_by_hand():
    # Thresholds: class 0 (0.9 + 0.7 + 0.2) / 3 = 0.6, class 1 (0.9 + 0.8 + 0.4) / 3 = 0.7. Confidently of class 0 are
    # rows 0 and 1, of class 1 rows 2 (0.8), 3 and 4; row 5 (0.6 and 0.4) is of class 0.
    first = np.array([0.9, 0.7, 0.2, 0.1, 0.2, 0.6])
    joint = confident_joint(np.array([0, 0, 0, 1, 1, 1]), np.stack([first, 1 - first], axis=1))
    np.testing.assert_array_equal(joint, [[2, 1], [1, 2]])


def test_what_nothing_is_confident_of_is_scaled_to_all_images():
    # Class 0: threshold 0.75, confident are rows 0 and 1; row 2 is of neither (0.6 < 0.75, 0.4 < 0.7), row 3 likewise
    # counts for nothing. The row of label 0 is (2, 0) and is scaled to its three images.
    first = np.array([0.9, 0.75, 0.6, 0.4, 0.2])
    joint = confident_joint(np.array([0, 0, 0, 1, 1]), np.stack([first, 1 - first], axis=1))
    np.testing.assert_array_equal(joint, [[3, 0], [0, 2]])


def test_planted_errors_are_found_the_surest_first():
    labels = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    first = np.array([0.9, 0.95, 0.1, 0.85, 0.02, 0.98, 0.1, 0.1])
    probabilities = np.stack([first, 1 - first], axis=1)
    assert find_label_errors(labels, probabilities).tolist() == [5, 2]


def test_a_label_that_scores_best_is_no_error():
    labels, probabilities, _ = made_up(3)
    found = find_label_errors(labels, probabilities)
    assert len(found)
    assert (probabilities[found].argmax(axis=1) != labels[found]).all()
    margins = normalized_margins(labels, probabilities)[found]
    assert (np.diff(margins) >= 0).all()
    assert margins.max() < 0


def test_a_class_without_images_has_none():
    labels, probabilities, _ = made_up(1)
    wider = np.concatenate([probabilities * 0.9, np.full((len(labels), 1), 0.1)], axis=1)
    joint = confident_joint(labels, wider)
    assert joint[4].sum() == joint[:, 4].sum() == 0
    np.testing.assert_array_equal(joint.sum(axis=1)[:4], np.bincount(labels))


@pytest.mark.parametrize("flipped", [0.0, 0.05, 0.2])
def test_most_planted_errors_are_found_and_few_others(flipped):
    labels, probabilities, wrong = made_up(7, 1000, flipped=flipped)
    found = find_label_errors(labels, probabilities)
    right = wrong[found].sum()
    assert right >= 0.7 * wrong.sum()
    assert len(found) - right <= 0.06 * len(labels)


@pytest.mark.parametrize("seed", range(6))
def test_the_labels_that_cleanlab_finds(seed):
    """All but those that equal remainders decide on, which both round as they like."""
    cleanlab = pytest.importorskip("cleanlab.filter")
    from cleanlab.count import compute_confident_joint

    labels, probabilities, _ = made_up(seed, 200 + 50 * seed, 2 + seed, 0.05 * seed)
    theirs = cleanlab.find_label_issues(labels, probabilities, n_jobs=1, return_indices_ranked_by="normalized_margin")
    own = find_label_errors(labels, probabilities)
    assert len({*own.tolist()} ^ {*theirs.tolist()}) <= 0.1 * len(theirs)
    joint, expected = confident_joint(labels, probabilities), compute_confident_joint(labels, probabilities)
    np.testing.assert_array_equal(joint.sum(axis=1), expected.sum(axis=1))
    np.testing.assert_allclose(joint, expected, atol=1)
    for found in (own, theirs):
        assert (np.diff(normalized_margins(labels, probabilities)[found]) >= 0).all()


def test_equal_remainders_go_to_the_class_that_more_images_are_expected_of():
    # Of label 0 eight images: three surely right, one confidently of class 1, one of class 2, three of nothing. The row
    # (3, 1, 1) times 8 / 5 is 4.8, 1.6 and 1.6, of which two are rounded up.
    sure, other, third = [0.9, 0.05, 0.05], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]
    for unsure, expected in ([0.4, 0.2, 0.4], [5, 1, 2]), ([0.4, 0.4, 0.2], [5, 2, 1]):
        probabilities = np.array([sure] * 3 + [other, third] + [unsure] * 3 + [other, third])
        labels = np.array([0] * 8 + [1, 2])
        assert confident_joint(labels, probabilities)[0].tolist() == expected


@pytest.mark.parametrize(
    ("labels", "probabilities", "reason"),
    [
        (np.array([0, 1]), np.ones((2, 1)), "2 classes or more"),
        (np.array([0, 1, 1]), np.full((2, 2), 0.5), "shape"),
        (np.array([0, 2]), np.full((2, 2), 0.5), "from 0 to 1"),
        (np.array([0.0, 1.0]), np.full((2, 2), 0.5), "whole numbers"),
        (np.array([0, 1]), np.array([[np.nan, 1], [0, 1]]), "finite"),
        (np.empty(0, np.int64), np.empty((0, 2)), "one element"),
    ],
)
def test_what_does_not_fit_is_refused(labels, probabilities, reason):
    with pytest.raises(UsageError, match=reason):
        find_label_errors(labels, probabilities)
