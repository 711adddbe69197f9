"""Evaluations of models that predict a number, against scikit-learn and against what one works out by hand."""

import json

import numpy as np
import pytest
from sklearn.metrics import r2_score

from kerastl.evaluation import RegressionEvaluation
from kerastl.models import LabelSet


def result(predicted, truth, **more):
    paths = tuple(f"{number}.png" for number in range(len(truth)))
    predicted, truth = np.array(predicted, float), np.array(truth, float)
    return RegressionEvaluation(
        "model", "data", "val", LabelSet(("age",)), paths, truth, predicted, resamples=20, **more
    )


@pytest.fixture
def four():
    """Off by 1, 0, -2 and 5."""
    return result([11, 20, 28, 45], [10, 20, 30, 40], half_width=2.0, level=0.9)


def test_figures_by_hand(four):
    values = {name: figure.value for name, figure in four.figures.items()}
    assert values == {
        "mean_absolute_error": 2,
        "root_mean_squared_error": pytest.approx(np.sqrt(30 / 4)),
        "median_absolute_error": 1.5,
        "r_squared": pytest.approx(r2_score([10, 20, 30, 40], [11, 20, 28, 45])),
        "bias": 1,
        "coverage": 0.75,
        "interval_width": 4,
    }
    assert four.by_mean == 10
    assert 0 < four.figures["mean_absolute_error"].low < 2 < four.figures["mean_absolute_error"].high <= 5


def test_a_model_without_intervals_has_no_coverage():
    found = result([1, 2], [1, 3])
    assert "coverage" not in found.figures
    assert found.as_dict()["interval_level"] is None


def test_the_largest_errors_come_first(four):
    assert [(answer.path, answer.error, answer.inside) for answer in four.mistakes(2)] == [
        ("3.png", 5, False),
        ("2.png", -2, True),
    ]
    assert len(four.mistakes()) == 3


def test_the_result_is_json_and_text(four):
    values = json.loads(json.dumps(four.as_dict()))
    assert values["target"] == "age"
    assert values["metrics"]["mean_absolute_error"]["value"] == 2
    assert [part["count"] for part in values["by_quantile"]] == [1, 1, 1, 1]
    assert "coverage of intervals    75.0 %" in str(four)
    assert repr(four) == "<RegressionEvaluation of model on 4 images: mean absolute error 2>"
