import numpy as np
import pytest

from kerastl.evaluation._metrics import reliability
from kerastl.reporting import _charts as charts
from kerastl.reporting._charts import curve_charts, reliability_chart

HISTORY = [
    {"phase": "1", "loss": "2.0", "accuracy": "0.2", "val_loss": "", "val_accuracy": "0.4"},
    {"phase": "1", "loss": "1.0", "accuracy": "0.6", "val_loss": "0.9", "val_accuracy": "0.8"},
    {"phase": "2", "loss": "0.0", "accuracy": "1.0", "val_loss": "1.1", "val_accuracy": "0.6"},
]


def test_a_bar_ends_at_the_accuracy_and_its_gap_at_the_mean_score():
    # Four images in the bin from 0.5 to 0.75 with a mean score of 0.6: three are right.
    binned = reliability(np.full(4, 0.6), np.array([True, True, True, False]), bins=4)
    chart = reliability_chart("t", binned)
    (bar,) = chart.bars
    assert chart.error == pytest.approx(0.15)
    height, width = chart.floor - chart.top, chart.right - chart.left
    assert (chart.floor - bar.top) / height == pytest.approx(0.75)
    assert (bar.gap_top, bar.gap_height / height) == (bar.top, pytest.approx(0.15))
    assert (bar.x - 1 - chart.left) / width == pytest.approx(0.5)
    assert (bar.width + 2) / width == pytest.approx(0.25)
    assert bar.text == "4 images with a mean score of 60.0 %: 75.0 % right"


def test_a_model_that_is_too_sure_has_its_gap_above_the_bar():
    chart = reliability_chart("t", reliability(np.array([0.9, 0.9]), np.array([True, False]), bins=2))
    (bar,) = chart.bars
    height = chart.floor - chart.top
    assert (chart.floor - bar.top) / height == pytest.approx(0.5)
    assert (chart.floor - bar.gap_top) / height == pytest.approx(0.9)
    assert bar.gap_top + bar.gap_height == pytest.approx(bar.top)


def test_counts_are_heights():
    scores = np.array([0.1, 0.6, 0.6, 0.6, 0.6])
    few, many = reliability_chart("t", reliability(scores, scores > 0.5, bins=2)).bars
    assert many.count_height == 4 * few.count_height


def points(path):
    return [tuple(map(float, point.replace("h0", "").split())) for point in path.replace("M", "L").split("L")[1:]]


def test_curves_go_through_their_values():
    loss, accuracy = curve_charts(HISTORY, ("head", "top 2"))
    assert loss.y_ticks[0].text == "0"
    assert float(loss.y_ticks[-1].text) >= 2
    xs, ys = zip(*points(loss.training), strict=True)
    assert xs == (loss.left, (loss.left + loss.right) / 2, loss.right)
    # Equal steps of the loss are equal steps down, and 0 is the floor.
    assert ys[1] - ys[0] == pytest.approx(ys[2] - ys[1], abs=0.11)
    assert ys[2] == loss.floor
    assert points(accuracy.training)[2][1] == accuracy.top


def test_a_missing_value_is_a_gap():
    loss, _ = curve_charts(HISTORY, ())
    assert len(points(loss.validation)) == 2
    assert loss.validation.startswith("M")


def test_the_epoch_that_was_kept_is_marked():
    loss, accuracy = curve_charts(HISTORY, ())
    assert loss.best[2] == "kept: 0.900 in epoch 2"
    assert accuracy.best[2] == "kept: 80.0 % in epoch 2"
    assert loss.best[0] == (loss.left + loss.right) / 2
    none, _ = curve_charts([{"loss": "1", "accuracy": "0"}, {"loss": "1", "accuracy": "0"}], ())
    assert none.best is None
    assert none.validation == ""


def test_phases_begin_between_epochs():
    loss, _ = curve_charts(HISTORY, ("head", "top 2"))
    assert [(tick.place, tick.text) for tick in loss.phases] == [
        (loss.left, "head"),
        (loss.left + 0.75 * (loss.right - loss.left), "top 2"),
    ]
    assert [tick.text for tick in curve_charts(HISTORY, ())[0].phases] == ["phase 1", "phase 2"]
    assert curve_charts(HISTORY[:2], ("head",))[0].phases == ()


def test_what_is_no_number_leaves_the_scale_alone():
    history = [{**HISTORY[0], "loss": "nan"}, *HISTORY[1:]]
    loss, _ = curve_charts(history, ())
    assert len(points(loss.training)) == 2
    assert loss.width == charts.WIDTH
