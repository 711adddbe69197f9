"""Evaluations of models whose classes have an order."""

import json

import numpy as np
import pytest
import sklearn.metrics as reference

from kerastl.evaluation import OrdinalEvaluation, evaluate
from kerastl.models import LabelSet


@pytest.fixture
def five():
    """Answers 0, 1, 2, 0, 2 to 0, 1, 1, 2, 2."""
    paths = tuple(f"{number}.png" for number in range(5))
    rows = (np.eye(3)[[0, 1, 2, 0, 2]] * 0.7 + 0.1).astype(np.float32)
    labels = LabelSet(("low", "mid", "high"))
    return OrdinalEvaluation("model", "data", "val", labels, paths, np.array([0, 1, 1, 2, 2]), rows, resamples=20)


def test_figures_by_hand(five):
    values = {name: figure.value for name, figure in five.figures.items()}
    assert list(values)[:4] == ["accuracy", "within_one", "mean_rank_error", "quadratic_kappa"]
    assert (values["accuracy"], values["within_one"], values["mean_rank_error"]) == (0.6, 0.8, pytest.approx(0.6))
    expected = reference.cohen_kappa_score([0, 1, 1, 2, 2], [0, 1, 2, 0, 2], weights="quadratic")
    assert values["quadratic_kappa"] == pytest.approx(expected)
    assert five.quadratic_kappa == pytest.approx(expected)
    # What holds of classes without an order holds as well.
    assert values["macro_f1"] == pytest.approx(reference.f1_score([0, 1, 1, 2, 2], [0, 1, 2, 0, 2], average="macro"))


def test_a_resample_keeps_the_places_of_classes(five):
    # Only images of the lowest and the highest class, one of them two off.
    figures = five._images.take(np.array([0, 3])).figures()
    assert (figures["mean_rank_error"], figures["within_one"]) == (1, 0.5)


def test_the_result_is_json_and_text(five):
    values = json.loads(json.dumps(five.as_dict()))
    assert values["task"] == "ordinal"
    assert "quadratic kappa" in str(five)
    assert repr(five) == "<OrdinalEvaluation of model on 5 images: 60.0 % right, 0.60 classes off on average>"


def test_a_model_of_ordered_classes_is_compared_by_their_names(colored_model, image, tmp_path):
    weights = [[0, 10.0, 0], [0, 0, 10.0], [0, 0, 0]]
    model = colored_model("ordinal", ("low", "mid", "high"), weights, [1.0, 0, 0], "softmax")
    image("data/low/1.png", "black")
    image("data/mid/1.png", "red")
    image("data/high/1.png", "black")
    found = evaluate(model, tmp_path / "data", resamples=5, verbose=0)
    assert isinstance(found, OrdinalEvaluation)
    assert (found.accuracy, found.mean_rank_error) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
