"""The page of models whose task is not one class an image."""

import numpy as np
import pytest

from kerastl.evaluation import MultilabelEvaluation, OrdinalEvaluation, RegressionEvaluation
from kerastl.models import LabelSet
from kerastl.reporting import _label_tables as label_tables
from kerastl.reporting import _number_charts as number_charts
from kerastl.reporting import _tables as tables
from kerastl.reporting import render
from kerastl.reporting._readings import READINGS


def paths(n):
    return tuple(f"{number}.png" for number in range(n))


@pytest.fixture
def labeled(tmp_path):
    def make(scores, truth, names=("cat", "<dog>", "owl"), **more):
        scores, truth = np.array(scores, np.float32), np.array(truth, bool)
        return MultilabelEvaluation(
            "model", str(tmp_path), "val", LabelSet(tuple(names)), paths(len(truth)), truth, scores,
            (0.5,) * len(names), resamples=10, **more,
        )  # fmt: skip

    return make


@pytest.fixture
def three_images(labeled):
    """The first has a cat, the second a cat and a dog, the third nothing; a dog is missed, one is seen wrongly."""
    scores = [[0.9, 0.2, 0.1], [0.8, 0.4, 0.1], [0.3, 0.7, 0.2]]
    return labeled(scores, [[1, 0, 0], [1, 1, 0], [0, 0, 0]], unknown={"smell": 2}, aim="f1")


@pytest.fixture
def numbers(tmp_path):
    def make(predicted, truth, **more):
        predicted, truth = np.array(predicted, float), np.array(truth, float)
        return RegressionEvaluation(
            "model",
            str(tmp_path),
            "test",
            LabelSet(("age",)),
            paths(len(truth)),
            truth,
            predicted,
            resamples=50,
            **more,
        )

    return make


def test_the_page_of_labels(three_images, page):
    made = page(render(three_images))
    expected = ["figures", "left-out", "labels", "precision-recall", "together", "calibration", "mistakes"]
    assert made.sections == expected
    assert [link["href"] for link in made.all("a")] == [f"#{name}" for name in expected[1:]]
    assert made.figures["mean_average_precision"] == 0.75
    assert made.figures["subset_accuracy"] == pytest.approx(1 / 3)
    assert "1 label that the model does not know" in made.text
    assert "smell, 2 images on which it does not count" in made.text
    assert "1 label of the model without images" not in made.text  # nothing was matched here
    assert "average precision 50.0" in made.text
    # A mistake of each kind, the surer first: 0.7 for a dog that is none, 0.6 against one that is.
    assert made.text.index("given wrongly; it has none") < made.text.index("missed; it has <dog>|cat")


def test_the_reading_of_labels(three_images):
    first, second, third = READINGS["multilabel"].sentences(three_images)
    assert first.startswith("The model gives 1 of 3 images all of their labels and no other (33.3 %, between ")
    assert second == "The mean average precision is 75.0 % over 2 labels; the worst is “<dog>” with 50.0 %."
    assert third == "Labels are missed 1 times and given wrongly 1 times."
    assert dict(READINGS["multilabel"].facts(three_images))["Labels an image"] == "1.00, given 1.00"


def test_a_page_without_any_label(labeled, page):
    made = page(render(labeled([[0.1, 0.2, 0.9]], [[0, 0, 0]])))
    assert "No image has a label" in made.text
    assert "mean_average_precision" not in made.figures
    assert made.figures["hamming_loss"] == pytest.approx(1 / 3)


def test_the_most_confident_error_of_each_label_comes_first(labeled, page):
    scores = [[0.99, 0.1, 0.1], [0.98, 0.1, 0.1], [0.1, 0.6, 0.1]]
    text = page(render(labeled(scores, np.zeros((3, 3))), mistakes=2)).text
    assert "0.png" in text
    assert "2.png" in text
    assert "1.png" not in text


def test_labels_together_by_hand(three_images):
    found = label_tables.together(three_images)
    assert found.names == ("cat", "<dog>")
    assert [[(cell.true, cell.given, cell.differs) for cell in row] for row in found.rows] == [
        [(2, 2, False), (1, 0, True)],
        [(1, 0, True), (1, 1, False)],
    ]


def test_too_many_labels_are_listed_and_not_drawn(labeled, page):
    names = [f"label {number}" for number in range(tables.NUMBERED + 1)]
    everything = labeled(np.eye(len(names)) * 0.9, np.eye(len(names)), names)
    assert label_tables.together(everything) is None
    made = page(render(everything))
    assert not [table for table in made.all("table") if "matrix" in table["class"]]
    assert f"Shown are the {label_tables.CURVES} labels" in made.text
    assert "1 label with a better average precision" in made.text


def test_the_curve_stands_in_the_chart(three_images):
    for chart in label_tables.curves(three_images):
        points = [tuple(map(float, point.split())) for point in chart.line[1:].split("L")]
        assert all(chart.axes.left <= x <= chart.axes.right for x, _ in points)
        assert all(chart.axes.top <= y <= chart.axes.floor for _, y in points)
        # All images of the label are found in the end.
        assert points[-1][0] == chart.axes.right


def test_the_page_of_numbers(numbers, page):
    found = numbers([11, 20, 28, 45], [10, 20, 30, 40], half_width=2.0, level=0.9)
    made = page(render(found))
    assert made.sections == ["figures", "left-out", "numbers", "parts", "mistakes"]
    assert made.figures["mean_absolute_error"] == 2
    assert made.figures["coverage"] == 0.75
    assert "The largest errors" in made.text
    assert made.text.index("is 40, so that it is 5 too large") < made.text.index("is 30, so that it is 2 too small")
    assert "Nothing: every image was read." in made.text


def test_the_reading_of_numbers(numbers):
    sentences = list(READINGS["regression"].sentences(numbers([12, 13, 14, 15], [10, 11, 12, 13])))
    assert sentences[0].startswith("The model is 2 off on average over 4 images (between 2 and 2 ")
    assert sentences[0].endswith("always saying their mean would be 1 off.")
    assert sentences[1] == "It takes numbers for too large: by 2 on average."


def test_dots_stand_where_their_numbers_are(numbers):
    found = numbers([0, 5, 10], [0, 10, 5], half_width=100.0, level=0.9)
    straight, errors = number_charts.scatters(found)
    axes = straight.axes
    assert axes.x_span == axes.y_span
    middle = (axes.x(5.0), axes.y(10.0))
    assert f"M{middle[0]:.1f} {middle[1]:.1f}h0" in straight.points
    assert straight.line == f"M{axes.left:.1f} {axes.floor:.1f}L{axes.right:.1f} {axes.top:.1f}"
    # A band wider than the chart fills it and no more.
    corners = [tuple(map(float, point.rstrip("Z").split())) for point in errors.band[1:].split("L")]
    assert {y for _, y in corners} == {errors.axes.top, errors.axes.floor}


def test_only_some_of_many_images_have_a_dot(numbers, page, monkeypatch):
    monkeypatch.setattr(number_charts, "POINTS", 3)
    made = page(render(numbers(range(5), range(5))))
    assert "for 3 of the 5, drawn at random" in made.text


def test_the_page_of_ordered_classes(tmp_path, page):
    rows = (np.eye(3)[[0, 1, 2, 0, 2]] * 0.7 + 0.1).astype(np.float32)
    truth, labels = np.array([0, 1, 1, 2, 2]), LabelSet(("low", "mid", "high"))
    found = OrdinalEvaluation("model", str(tmp_path), "val", labels, paths(5), truth, rows, resamples=10)
    made = page(render(found))
    assert made.sections == ["figures", "left-out", "distances", "confusion", "classes", "calibration", "mistakes"]
    assert made.figures["within_one"] == 0.8
    assert [(one.off, one.count) for one in tables.distances(found.predicted, truth)] == [(-2, 1), (0, 3), (1, 1)]
    sentence = "It is 0.60 classes off on average; always answering “mid” would be 0.60 off."
    assert sentence in list(READINGS["ordinal"].sentences(found))
