import pytest

from kerastl._metrics import best_epoch, wilson_interval


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Newcombe 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_interval(right, n, low, high):
    assert wilson_interval(right, n) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_wilson_interval_mirrors_and_stays_inside():
    low, high = wilson_interval(153, 153)
    assert high == 1.0
    assert wilson_interval(0, 153) == (0.0, pytest.approx(1 - low))
    assert wilson_interval(5, 10, 0.99)[0] < wilson_interval(5, 10, 0.9)[0]


def row(accuracy, loss, top5=1.0):
    return {"val_accuracy": accuracy, "val_loss": loss, "val_top5": top5}


def test_the_best_epoch_is_the_most_accurate_then_the_one_with_the_least_loss_then_the_first():
    assert best_epoch([row(0.7, 0.9), row(0.8, 1.2), row(0.8, 1.1), row(0.8, 1.1), row(0.6, 0.1)]) == 2
    assert best_epoch([row("0.7", "0.9"), row("", ""), row("0.8", "nan")]) == 2
    assert best_epoch([{"loss": 1.0}, row("", "")]) is None
    assert best_epoch([]) is None


def test_the_best_epoch_goes_by_leave_one_out_only_where_nothing_was_validated():
    left_out = [{"loo_accuracy": 0.7, "loo_loss": 0.9}, {"loo_accuracy": 0.8, "loo_loss": 1.0, "val_accuracy": ""}]
    assert best_epoch(left_out) == 1
    assert best_epoch([*left_out, row(0.1, 3.0)]) == 2
