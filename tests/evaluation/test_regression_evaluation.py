"""Evaluations of models that predict a number, against scikit-learn and against what one works out by hand."""

import csv
import json

import numpy as np
import pytest
from sklearn.metrics import r2_score

from kerastl.data import Dataset, Item
from kerastl.errors import UsageError
from kerastl.evaluation import RegressionEvaluation, evaluate, write_predictions
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


def test_a_model_of_numbers_is_compared_by_value(number_model, image, tmp_path):
    image("data/1.png", (255, 0, 0))
    image("data/2.png", (51, 0, 0))
    items = (Item("1.png", "9.5"), Item("2.png", "2"))
    dataset = Dataset(tmp_path / "data", ("redness",), items, "a table", task="regression")
    found = evaluate(number_model, dataset, resamples=5, verbose=0)
    assert found.truth.tolist() == [9.5, 2]
    assert found.predicted == pytest.approx([10, 2], abs=1e-4)
    assert found.missing == ()
    write_predictions(found, tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["path", "truth", "prediction", "error_of_prediction", "error"]
    assert (rows[0]["truth"], float(rows[0]["prediction"])) == ("9.5", pytest.approx(10, abs=1e-4))


def test_intervals_come_from_the_models_metadata(colored_model, image, tmp_path):
    image("data/1.png", (255, 0, 0))
    items = (Item("1.png", "9.5"),)
    dataset = Dataset(tmp_path / "data", ("redness",), items, "a table", task="regression")
    stored = {"coverage": 0.9, "half_width": 0.25, "images": 40}
    model = colored_model("regression", ("redness",), [[10.0], [0.0], [0.0]], [0.0], "linear", interval=stored)
    found = evaluate(model, dataset, resamples=5, verbose=0)
    assert (found.half_width, found.level) == (0.25, 0.9)
    assert found.figures["coverage"].value == 0
    assert "intervals are to hold 90 % of the numbers" in list(found.more_notes())


def test_corruptions_are_for_models_of_classes(number_model, image, tmp_path):
    image("data/1.png", "red")
    dataset = Dataset(tmp_path / "data", ("redness",), (Item("1.png", "1"),), "a table", task="regression")
    with pytest.raises(UsageError, match="corruptions are for models of classes"):
        evaluate(number_model, dataset, corruptions=True, verbose=0)


def test_the_column_of_the_training_is_taken_where_a_table_has_it(number_model, image, tmp_path):
    for number in range(3):
        image(f"data/{number}.png", (51 * number, 0, 0))
    (tmp_path / "data" / "t.csv").write_text("path,size,redness\n0.png,7,0\n1.png,9,2\n2.png,8,4\n")
    found = evaluate(number_model, tmp_path / "data" / "t.csv", resamples=2, verbose=0)
    assert found.truth.tolist() == [0, 2, 4]
    other = evaluate(number_model, tmp_path / "data" / "t.csv", label_column="size", resamples=2, verbose=0)
    assert other.truth.tolist() == [7, 9, 8]
    assert "the model tells 'redness', and is compared with 'size'" in other.notes
