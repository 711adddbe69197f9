import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from kerastl import plots
from kerastl.errors import UsageError


def drawn(figure):
    figure.canvas.draw()
    return figure.axes


def test_precision_recall_draws_the_worst_labels_first_and_leaves_out_those_that_no_image_has():
    random = np.random.default_rng(0)
    truth = random.random((50, 3)) < [0.5, 0.3, 0]
    scores = random.random((50, 3)) + truth * [0.1, 0.9, 0]
    axes = [one for one in drawn(plots.precision_recall(scores, truth, ["cat", "dog_$x$", "owl"])) if one.axison]
    areas = [average_precision_score(truth[:, place], scores[:, place]) for place in (0, 1)]
    titles = [f"cat {100 * areas[0]:.1f} %", f"dog_$x$ {100 * areas[1]:.1f} %"]
    assert [one.get_title(loc="left") for one in axes] == titles
    assert axes[0].lines[0].get_xdata()[0] == 1  # all are found from the lowest threshold on
    assert axes[0].lines[0].get_ydata()[0] == pytest.approx(truth[:, 0].mean())


def test_precision_recall_draws_no_more_than_can_be_told_apart():
    truth = np.eye(20, dtype=bool)
    figure = plots.precision_recall(truth * 0.9, truth, [f"c{number}" for number in range(20)])
    assert sum(axes.axison for axes in drawn(figure)) == 12


@pytest.mark.parametrize(
    ("scores", "truth", "message"),
    [([[0.5]], [[True, False]], r"shape \(n, 1\)"), ([[0.5]], [[False]], "one image at least")],
)
def test_precision_recall_that_cannot_be_drawn(scores, truth, message):
    with pytest.raises(UsageError, match=message):
        plots.precision_recall(scores, truth, ["cat"])


def test_predicted_numbers():
    left, right = drawn(plots.predicted_numbers([1.0, 4.0], [2.0, 3.0], "age", half_width=0.5))
    assert (left.get_xlabel(), left.get_ylabel()) == ("true age", "predicted")
    assert right.get_ylabel() == "predicted minus true"
    assert left.lines[1].get_xydata().tolist() == [[2, 1], [3, 4]]
    assert right.lines[1].get_xydata().tolist() == [[2, -1], [3, 1]]
    assert left.lines[0].get_xydata().tolist() == [[1, 1], [4, 4]]
    assert [len(axes.collections) for axes in (left, right)] == [1, 1]


def test_predicted_numbers_that_do_not_fit():
    with pytest.raises(UsageError, match=r"Received: \(1,\) and \(2,\)"):
        plots.predicted_numbers([1.0], [1.0, 2.0])


def test_curves_of_labels_show_what_epochs_are_compared_by():
    history = [
        {"loss": 0.9, "label_accuracy": 0.7, "val_loss": 0.8, "val_mean_average_precision": 0.5},
        {"loss": 0.5, "label_accuracy": 0.9, "val_loss": 0.6, "val_mean_average_precision": 0.75},
    ]
    _, axes = drawn(plots.training_curves(history))
    assert axes.get_title(loc="left") == "mean average precision"
    assert [line.get_label() for line in axes.lines] == ["validation", "kept: 75.0 % in epoch 2"]


def test_curves_of_numbers_keep_the_least_error():
    history = [{"loss": 4.0, "mean_absolute_error": 2.0, "val_mean_absolute_error": error} for error in (3.0, 1.5, 2.0)]
    _, axes = drawn(plots.training_curves(history))
    assert axes.lines[-1].get_label() == "kept: 1.5 in epoch 2"
