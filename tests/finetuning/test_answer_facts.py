"""What is said of a model's answers beside how good they are."""

import numpy as np
import pytest

from kerastl.calibration import Thresholds
from kerastl.finetuning._answer_facts import answer_facts
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata


def metadata(task, names=("cat",), **extra):
    return Metadata("model", LabelSet(names), Resize(32, 32), extra=extra, task=task)


def test_classes_have_none():
    assert answer_facts(metadata("classification")) == []


def test_thresholds_and_labels_that_do_not_reach_the_aim():
    names = tuple(f"label {number}" for number in range(8))
    truth = np.zeros((3, 8), bool)
    truth[0, 0] = True
    chosen = Thresholds.choose(np.full((3, 8), 0.5) + truth * 0.4, truth, names, "recall=0.9", "leave_one_out")
    first, second, *others = answer_facts(metadata("multilabel", names, thresholds=chosen.as_dict()))
    assert first == "labels are given from thresholds on, chosen for recall=0.9 on 3 images by leave-one-out"
    assert second == "label 1: none of the 3 images has it, so that its threshold stays 0.5"
    assert others[-1] == "and 2 more labels whose threshold does not reach that"
    assert len(others) == 5


@pytest.mark.parametrize("extra", [{}, {"interval": {"coverage": 0.9, "half_width": 2.5, "images": 40}}])
def test_intervals(extra):
    said = ["intervals of 2.5 to either side are to hold 90 % of the numbers"] if extra else []
    assert answer_facts(metadata("regression", **extra)) == said
