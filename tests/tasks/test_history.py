import pytest

from kerastl.tasks._history import ACCURACY, LOSS, measure_of


@pytest.mark.parametrize(
    ("columns", "name", "training"),
    [
        ("accuracy val_accuracy val_top5 loo_accuracy", "accuracy", "accuracy"),
        ("accuracy", "accuracy", "accuracy"),
        ("label_accuracy val_mean_average_precision", "mean_average_precision", ""),
        ("label_accuracy loo_mean_average_precision", "mean_average_precision", ""),
        ("label_accuracy", "label_accuracy", "label_accuracy"),
        ("accuracy val_mean_absolute_error val_accuracy", "mean_absolute_error", ""),
        ("mean_absolute_error val_mean_absolute_error", "mean_absolute_error", "mean_absolute_error"),
    ],
)
def test_the_columns_of_a_history_tell_its_figure(columns, name, training):
    found = measure_of(["phase", "epoch", "loss", "val_loss", *columns.split()])
    assert (found.name, found.training) == (name, training)


def test_a_history_of_no_task():
    assert measure_of(["loss", "rank"]) is None


def test_values_are_shown_as_people_read_them():
    assert (ACCURACY.text(0.905), ACCURACY.tick(0.905), ACCURACY.tick(0.29)) == ("90.5 %", "90.5 %", "29 %")
    error = measure_of(["mean_absolute_error"])
    assert (error.text(12.3456), error.tick(12.3456)) == ("12.35", "12.35")
    assert error.text(23456.7) == "23,457"
    assert (LOSS.text(0.12345), LOSS.text(9.9e9)) == ("0.123", "9,900,000,000")
