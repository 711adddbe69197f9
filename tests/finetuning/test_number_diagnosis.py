import numpy as np
import pytest

from kerastl.finetuning._number_diagnosis import diagnose_numbers

TRUTH = np.random.default_rng(0).uniform(0, 100, 60).astype("float32")


def said(answers, kind="validation", truth=TRUTH):
    return diagnose_numbers(np.asarray(answers, "float32")[:, None], truth, ["age"], kind)


def test_nothing_is_said_of_answers_that_follow_the_truth():
    assert said(0.6 * TRUTH + np.random.default_rng(1).normal(20, 15, 60)) == []


def test_one_answer_for_all_is_said():
    (line,) = said(np.full(60, 41.5), "leave_one_out")
    assert line.startswith("the answer is always the same: all 60 left-out images get 41.5 as age")


@pytest.mark.parametrize("answers", [np.random.default_rng(2).permutation(TRUTH), TRUTH.mean() + 1e-3 * TRUTH[::-1]])
def test_answers_no_better_than_the_mean_are_said(answers):
    (line,) = said(answers)
    assert line.startswith("nothing was learnt that can be told from chance: on validation images, age is off by")
    assert f"and by {np.abs(TRUTH - TRUTH.mean()).mean():.4g} where every image gets the mean" in line


def test_few_images_or_equal_numbers_tell_nothing():
    assert said(np.ones(4), truth=TRUTH[:4]) == []
    assert said(np.ones(9), truth=np.full(9, 5, "float32")) == []
