"""What the terminal shows of an evaluation of each task."""

import numpy as np

from kerastl.cli._evaluation_text import show
from kerastl.evaluation import MultilabelEvaluation, OrdinalEvaluation, RegressionEvaluation
from kerastl.models import LabelSet

PATHS = ("a.png", "b.png", "c.png")


def test_labels(capfd):
    truth = np.array([[1, 0], [1, 1], [0, 0]], bool)
    scores = np.array([[0.9, 0.2], [0.8, 0.4], [0.3, 0.7]], np.float32)
    labels = LabelSet(("cat", "dog"))
    show(
        MultilabelEvaluation(
            "m", "d", "val", labels, PATHS, truth, scores, (0.5, 0.5), aim="f1", unknown={"smell": 2}, resamples=5
        )
    )
    lines = capfd.readouterr().out.splitlines()
    assert lines[1].startswith("mean average precision  75.0 %  (")
    assert ["cat", "100.0", "%", "100.0", "%", "100.0", "%", "100.0", "%", "50.0", "%", "2"] in map(str.split, lines)
    assert "  cat and dog: on 1, given to 0" in lines
    assert "  c.png: dog 70.0 %, which it has not" in lines
    assert "  b.png: dog 40.0 %, which it has" in lines
    assert "  labels are given from thresholds on that were chosen for f1" in lines
    assert "  smell: the model has no such label; 2 images on which it does not count" in lines


def test_numbers(capfd):
    truth, predicted = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    show(RegressionEvaluation("m", "d", "val", LabelSet(("age",)), PATHS, truth, predicted, resamples=5))
    lines = capfd.readouterr().out.splitlines()
    assert lines[1].startswith("mean absolute error         0.5  (")
    assert "  c.png: 3, but is 4" in lines
    assert "  always saying the mean of these numbers has a mean absolute error of 1.111" in lines
    assert ["4", "to", "4", "1", "-1", "1"] in map(str.split, lines)


def test_ordered_classes(capfd):
    rows = np.array([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8]], np.float32)
    labels = LabelSet(("low", "mid", "high"))
    show(OrdinalEvaluation("m", "d", "val", labels, PATHS, np.array([0, 2, 2]), rows, resamples=5))
    lines = capfd.readouterr().out.splitlines()
    assert any(line.startswith("quadratic kappa") for line in lines)
    assert "  high taken for low: 1, 50.0 % of high" in lines
