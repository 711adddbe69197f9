import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.reviewing import choose_to_label


def test_the_most_uncertain_comes_first_and_then_what_is_unlike_it():
    probabilities = np.array([[0.9, 0.1], [0.5, 0.5], [0.52, 0.48], [0.6, 0.4]])
    vectors = np.array([[0, 0, 1], [1, 0, 0], [1, 0, 0], [0, 1, 0]], np.float32)
    # Row 2 is a copy of row 1, so that it comes last though it is the second most uncertain.
    assert choose_to_label(probabilities, vectors, 4).tolist() == [1, 3, 0, 2]


def test_what_is_like_labeled_images_comes_later():
    probabilities = np.array([[0.5, 0.5], [0.6, 0.4]])
    vectors = np.array([[1, 0], [0, 1]], np.float32)
    assert choose_to_label(probabilities, vectors, 1).tolist() == [0]
    assert choose_to_label(probabilities, vectors, 1, np.array([[1, 0]], np.float32)).tolist() == [1]


def test_sure_images_are_no_candidates():
    random = np.random.default_rng(0)
    first = np.concatenate([np.full(80, 0.99), np.full(20, 0.55)])
    vectors = random.normal(size=(100, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = choose_to_label(np.stack([first, 1 - first], axis=1), vectors, 2)
    assert (found >= 80).all()


def test_no_more_than_there_are():
    assert sorted(choose_to_label(np.full((3, 2), 0.5), np.eye(3), 9)) == [0, 1, 2]
    assert not len(choose_to_label(np.full((3, 2), 0.5), np.eye(3), 0))


def test_what_does_not_fit_is_refused():
    with pytest.raises(UsageError, match="shape"):
        choose_to_label(np.full((3, 2), 0.5), np.eye(2), 1)
    with pytest.raises(UsageError, match="0 or more"):
        choose_to_label(np.full((3, 2), 0.5), np.eye(3), -1)
