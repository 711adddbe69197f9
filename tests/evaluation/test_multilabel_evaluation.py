"""Evaluations of models that give sets of labels, against scikit-learn and against what one works out by hand."""

import csv
import json
import math

import numpy as np
import pytest
import sklearn.metrics as reference

from kerastl.data import Dataset, Item, scan
from kerastl.errors import DataError
from kerastl.evaluation import MultilabelEvaluation, evaluate, write_predictions
from kerastl.models import LabelSet

NAMES = ("cat", "dog", "owl")


def result(scores, truth, thresholds=(0.5, 0.5, 0.5), **more):
    paths = tuple(f"{number}.png" for number in range(len(scores)))
    scores, truth = np.array(scores, np.float32), np.array(truth, bool)
    return MultilabelEvaluation(
        "model", "data", "val", LabelSet(NAMES), paths, truth, scores, thresholds, **{"resamples": 20, **more}
    )


@pytest.fixture
def small():
    """Three images: the first has a cat, the second a cat and a dog, the third nothing; no owl anywhere."""
    return result([[0.9, 0.2, 0.1], [0.8, 0.4, 0.1], [0.3, 0.7, 0.2]], [[1, 0, 0], [1, 1, 0], [0, 0, 0]])


@pytest.fixture
def many():
    random = np.random.default_rng(0)
    truth = random.random((120, 3)) < [0.5, 0.3, 0.1]
    scores = np.clip(random.normal(0.3 + 0.3 * truth, 0.2), 0.01, 0.99)
    return result(scores, truth, (0.5, 0.4, 0.6))


def test_figures_by_hand(small):
    values = {name: figure.value for name, figure in small.figures.items()}
    assert values["mean_average_precision"] == pytest.approx((1 + 1 / 2) / 2)
    # Given are two cats, both right, and one dog, which is wrong.
    assert values["macro_precision"] == pytest.approx((1 + 0) / 2)
    assert values["macro_recall"] == pytest.approx((1 + 0) / 2)
    assert (values["micro_precision"], values["micro_recall"]) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert values["subset_accuracy"] == pytest.approx(1 / 3)
    assert values["hamming_loss"] == pytest.approx(2 / 9)
    losses = [0.9, 0.8, 0.9, 0.8, 0.4, 0.9, 0.7, 0.3, 0.8]
    assert values["log_loss"] == pytest.approx(-np.mean(np.log(losses)), rel=1e-6)


def test_figures_are_scikit_learns(many):
    values = {name: figure.value for name, figure in many.figures.items()}
    given, truth = many.probabilities >= np.float32((0.5, 0.4, 0.6)), many.truth
    assert values["mean_average_precision"] == pytest.approx(
        reference.average_precision_score(truth, many.probabilities, average="macro")
    )
    for average in ("macro", "micro"):
        assert values[f"{average}_f1"] == pytest.approx(reference.f1_score(truth, given, average=average))
    assert values["subset_accuracy"] == pytest.approx(reference.accuracy_score(truth, given))
    assert values["hamming_loss"] == pytest.approx(reference.hamming_loss(truth, given))


def test_a_resample_is_what_its_images_give(many):
    picked = np.random.default_rng(3).integers(0, 120, 120)
    resampled = many._images.take(picked).figures()
    alone = result(many.probabilities[picked], many.truth[picked], (0.5, 0.4, 0.6))._images.figures()
    assert resampled == pytest.approx(alone)
    for figure in many.figures.values():
        assert figure.low <= figure.high


def test_calibration_error_by_hand():
    # In the bin of 0.9: scores 0.9 and 0.9, half of them right. In that of 0.1: 0.1, and one of one has the label.
    found = result([[0.9, 0, 0], [0.9, 0, 0], [0.1, 0, 0]], [[1, 0, 0], [0, 0, 0], [1, 0, 0]])
    assert found.classes[0].calibration_error == pytest.approx((2 * 0.4 + 0.9) / 3)
    assert found.figures["calibration_error"].value == pytest.approx((2 * 0.4 + 0.9) / 9)


def test_labels_and_what_is_wrong_with_them(small):
    cat, dog = small.classes
    assert (cat.label, cat.support, cat.given, cat.precision, cat.recall, cat.average_precision) == (
        "cat",
        2,
        2,
        1,
        1,
        1,
    )
    assert (dog.support, dog.given, dog.f1) == (1, 1, 0)
    assert [(one.path, one.label, one.missed) for one in small.mistakes()] == [
        ("2.png", "dog", False),  # by 0.7
        ("1.png", "dog", True),  # by 0.6
    ]
    assert small.mistakes(label="cat") == []
    assert [(pair.labels, pair.true, pair.given) for pair in small.pairs] == [(("cat", "dog"), 1, 0)]


def test_sets_of_labels(small):
    first, second, third = small.answers()
    assert first.right
    assert second.labels == ("cat", "dog")
    assert [prediction.label for prediction in third.predictions] == ["dog"]
    assert third.labels == ()


def test_the_result_is_json_text_and_a_table(small):
    values = json.loads(json.dumps(small.as_dict()))
    assert values["metrics"]["subset_accuracy"]["value"] == pytest.approx(1 / 3)
    assert [row["label"] for row in values["classes"]] == ["cat", "dog"]
    assert "mean average precision  75.0 %" in str(small)
    assert repr(small) == "<MultilabelEvaluation of model on 3 images: mean average precision 75.0 %>"
    assert "<td>75.0 %</td>" in small._repr_html_()


def test_images_that_have_no_label_at_all_say_nothing_of_recall():
    found = result([[0.9, 0.2, 0.1], [0.1, 0.2, 0.1]], np.zeros((2, 3)))
    assert found.classes == ()
    assert math.isnan(found.mean_average_precision)
    assert found.figures["subset_accuracy"].value == 0.5
    assert found.as_dict()["classes"] == []


def test_precision_recall_ends_where_all_are_found(small):
    curve = small.curve(small.classes[1])
    assert curve.recall[0] == 0
    assert curve.recall[-1] == 1
    assert curve.at == (0, 0)
    assert curve.precision[-1] == pytest.approx(1 / 3)


@pytest.fixture
def dataset(image, tmp_path):
    """Red, violet, gray and an image of two labels of which the model knows one."""
    image("data/1.png", "red")
    image("data/2.png", (255, 0, 255))
    image("data/3.png", (20, 20, 20))
    image("data/4.png", (0, 255, 0))
    labels = ("red", "blue|red", "", "green|smell")
    items = tuple(Item(f"{number}.png", label) for number, label in enumerate(labels, 1))
    return Dataset(tmp_path / "data", ("blue", "green", "red", "smell"), items, "a table", task="multilabel")


def test_a_model_of_labels_is_compared_by_their_names(label_model, dataset, tmp_path):
    found = evaluate(label_model, dataset, resamples=5, verbose=0)
    assert isinstance(found, MultilabelEvaluation)
    assert found.truth.tolist() == [[1, 0, 0], [1, 0, 1], [0, 0, 0], [0, 1, 0]]
    assert found.probabilities[1] == pytest.approx(
        [1 / (1 + math.exp(-5)), 1 / (1 + math.exp(5)), 1 / (1 + math.exp(-5))], abs=1e-4
    )
    assert found.figures["subset_accuracy"].value == 1
    assert dict(found.unknown) == {"smell": 1}
    write_predictions(found, tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["path", "labels", "prediction", "right", "score_red", "score_green", "score_blue", "error"]
    assert (rows[1]["labels"], rows[1]["prediction"], rows[1]["right"]) == ("blue|red", "blue|red", "1")
    assert (rows[2]["labels"], rows[2]["prediction"]) == ("", "")
    assert float(rows[0]["score_red"]) == pytest.approx(1 / (1 + math.exp(-5)), abs=1e-4)


def test_labels_are_parted_as_in_the_training(colored_model, image, tmp_path):
    model = colored_model(
        "multilabel", ("red", "green", "blue"), 10 * np.eye(3), [-5.0] * 3, "sigmoid", label_separator=" + "
    )
    image("data/1.png", (255, 0, 255))
    image("data/2.png", "red")
    (tmp_path / "data" / "t.csv").write_text("path,label\n1.png,red + blue\n2.png,red\n")
    assert evaluate(model, tmp_path / "data" / "t.csv", resamples=2, verbose=0).truth.tolist() == [[1, 0, 1], [1, 0, 0]]
    # Where it stands in no cell, what is found parts them.
    (tmp_path / "data" / "t.csv").write_text("path,label\n1.png,red|blue\n2.png,red\n")
    assert evaluate(model, tmp_path / "data" / "t.csv", resamples=2, verbose=0).truth.tolist() == [[1, 0, 1], [1, 0, 0]]


def test_one_class_an_image_is_a_set_of_one_label(label_model, image, tmp_path):
    image("data/red/1.png", "red")
    image("data/blue/1.png", (255, 0, 255))
    found = evaluate(label_model, scan(tmp_path / "data"), resamples=2, verbose=0)
    assert found.truth.tolist() == [[0, 0, 1], [1, 0, 0]]
    assert found.right.tolist() == [False, True]


def test_labels_of_another_kind_are_one_line(label_model, color_model, image, dataset, tmp_path):
    numbers = Dataset(tmp_path / "data", ("age",), (Item("1.png", "3"),), "a table", task="regression")
    for model, data, message in (
        (label_model, numbers, "it was read for task regression, and the model is for multilabel"),
        (color_model, dataset, "it was read for task multilabel, and the model is for classification"),
    ):
        with pytest.raises(DataError, match=message):
            evaluate(model, data, resamples=2, verbose=0)
