import numpy as np
import pytest

from kerastl.models import Classification, Hierarchy, Prediction, SureAnswer
from kerastl.models._sure import sure_answers

# 0 beagle, 1 pug, 2 owl, 3 stone; groups: 4 animal, 5 dog
TREE = Hierarchy(("beagle", "pug", "owl", "stone", "animal", "dog"), (5, 5, 4, None, None, 4), 4, tuple("uvwxyz"))


def sure(probabilities, at):
    return sure_answers(TREE, np.array([probabilities], np.float32), at)[0]


@pytest.mark.parametrize(
    ("at", "label", "score"),
    [(0.9, "animal", 0.96875), (0.8, "dog", 0.875), (0.5, "beagle", 0.5), (0.51, "dog", 0.875), (0.97, None, None)],
)
def test_the_answer_is_the_deepest_place_that_is_sure(at, label, score):
    answer = sure([0.5, 0.375, 0.09375, 0.03125], at)
    assert (answer.label, answer.score) == (label, score)


def test_every_field_is_told():
    assert sure([0.5, 0.375, 0.125, 0], 0.8) == SureAnswer(0.8, "dog", 0.875, ("animal", "dog"), None, "z")
    answer = sure([0, 1, 0, 0], 0.8)
    assert answer == SureAnswer(0.8, "pug", 1.0, ("animal", "dog", "pug"), 1, "v")
    assert answer.depth == 3
    assert sure([0.25, 0.25, 0, 0.5], 0.8) == SureAnswer(0.8)
    assert sure([0.25, 0.25, 0, 0.5], 0.8).depth == 0


def test_the_best_branch_is_followed_where_several_would_do():
    # The owl scores more than either dog, and less than both together.
    assert sure([0.25, 0.25, 0.3125, 0.1875], 0.2).label == "beagle"
    assert sure([0.25, 0.25, 0.3125, 0.1875], 0.3).label == "dog"


def test_of_equal_scores_the_first_counts():
    assert sure([0.5, 0.5, 0, 0], 0.5).label == "beagle"


def test_json_text_and_html_say_it():
    predictions = (Prediction("beagle", 0.5, 0), Prediction("pug", 0.375, 1))
    answer = Classification(None, "m", predictions, sure=sure([0.5, 0.375, 0.125, 0], 0.8))
    assert str(answer) == "dog 87.5 % (beagle 50.0 %, pug 37.5 %)"
    assert answer.as_dict()["sure"] == {
        "label": "dog", "score": 0.875, "depth": 2, "path": ["animal", "dog"], "index": None, "wnid": "z",
        "min_score": 0.8,
    }  # fmt: skip
    assert "at 80.0 %: dog 87.5 %" in answer._repr_html_()


def test_a_sure_class_is_not_said_twice():
    predictions = (Prediction("beagle", 0.5, 0), Prediction("pug", 0.375, 1))
    answer = Classification(None, "m", predictions, sure=sure([0.5, 0.375, 0.125, 0], 0.4))
    assert str(answer) == "beagle 50.0 % (pug 37.5 %)"
    unsure = Classification(None, "m", predictions, rejected=True, sure=SureAnswer(0.99))
    assert str(unsure) == "none of these (closest: nothing is sure at 99 % (beagle 50.0 %, pug 37.5 %))"
