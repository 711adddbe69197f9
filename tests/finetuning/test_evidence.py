"""Whether answers are better beyond chance, by hand."""

import math

import numpy as np
import pytest

from kerastl.finetuning._evidence import Comparison, compare


def answers(right, sure=0.8):
    """Answers of two classes, of which the first is the right one."""
    return np.array([[sure, 1 - sure] if one else [1 - sure, sure] for one in right], np.float32)


def test_what_is_fixed_and_what_is_broken():
    found = compare(answers([1, 1, 0, 0, 0]), answers([1, 0, 1, 1, 0]), np.zeros(5, int))
    assert (found.images, found.fixed, found.broken) == (5, 2, 1)


def test_gain_and_error_by_hand():
    # All are right both times, so that no temperature is fitted.
    before = np.array([[0.6, 0.4], [0.8, 0.2], [0.7, 0.3]])
    after = np.array([[0.9, 0.1], [0.8, 0.2], [0.9, 0.1]])
    found = compare(before, after, np.zeros(3, int))
    falls = [math.log(0.9 / 0.6), 0.0, math.log(0.9 / 0.7)]
    mean = sum(falls) / 3
    assert found.gain == pytest.approx(mean)
    assert found.error == pytest.approx(math.sqrt(sum((fall - mean) ** 2 for fall in falls) / 2 / 3))
    assert not found.better  # 0.219 is 1.85 times 0.118


def test_boldness_alone_is_no_gain():
    right = [1, 1, 1, 0, 1, 1, 0, 1]
    found = compare(answers(right, 0.6), answers(right, 0.95), np.zeros(8, int))
    assert found.gain == pytest.approx(0, abs=1e-4)
    assert not found.better
    assert not found.worse


@pytest.mark.parametrize(
    ("found", "better", "worse"),
    [
        (Comparison(40, 3, 1, 0.11, 0.05), True, False),
        (Comparison(40, 3, 1, 0.09, 0.05), False, False),  # within two standard errors
        (Comparison(40, 1, 1, 0.004, 0.001), False, False),  # nobody would notice
        (Comparison(40, 1, 3, 0.11, 0.05), False, False),  # more are wrong
        (Comparison(40, 1, 3, -0.11, 0.05), False, True),
        (Comparison(40, 0, 4, 0.0, 0.05), False, False),  # 4 tosses, all heads: 1/16
        (Comparison(40, 0, 5, 0.0, 0.05), False, True),  # 1/32
        (Comparison(1, 1, 0, 1.0, math.inf), False, False),  # one image says nothing
    ],
)
def test_better_and_worse(found, better, worse):
    assert (found.better, found.worse) == (better, worse)


def test_in_words():
    assert Comparison(40, 3, 1, 0.1, 0.05).describe() == (
        "2 more right of 40 validation images, log loss 0.100 ± 0.050 lower"
    )
    assert "as many right" in Comparison(40, 1, 1, -0.1, 0.05).describe()
