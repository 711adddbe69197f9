import pytest

from kerastl.reporting import _summary as summary
from kerastl.reporting._readings import READINGS


def test_the_reading_in_plain_words(three):
    first, second, third = _sentences(three)
    assert summary.reading(three) == f"{first} {second} {third}"
    assert first.startswith("The model is right on 2 of 4 images, 50.0 % (between ")
    assert first.endswith("; always answering “bee” would be right on 50.0 %.")
    assert second == "Its most frequent mistake is to take “bee” for “ant”: 2 of 2."
    # Scores of 0.8, 0.5, 0.7 and 0.8, mean 0.7, against an accuracy of 0.5.
    assert third == "It is too sure of itself: its scores average 70.0 %."


def _sentences(evaluation):
    return list(READINGS["classification"].sentences(evaluation))


def test_other_readings(evaluation):
    modest = _sentences(evaluation([[0.6, 0.3, 0.1], [0.3, 0.6, 0.1]], [0, 1]))
    assert modest[1:] == ["It made no mistake.", "It is more modest than it need be: its scores average 60.0 %."]
    once = _sentences(evaluation([[0.6, 0.3, 0.1], [0.3, 0.4, 0.3]], [1, 1]))
    assert once[1:] == [
        "It made no mistake twice.",
        "On average its scores (50.0 %) are as high as they should be.",
    ]
    names = [f"c{number}" for number in range(20)]
    rows = [[1.0 if column == row else 0.0 for column in range(20)] for row in range(20)]
    assert "always answering" not in _sentences(evaluation(rows, range(20), names))[0]


def test_tiles_leave_out_a_top_k_that_says_nothing(three, evaluation):
    assert [tile.key for tile in summary.tiles(three)] == [
        "accuracy", "top_k_accuracy", "macro_f1", "log_loss", "calibration_error", "brier_score"
    ]  # fmt: skip
    for k in (1, 3):
        assert "top_k_accuracy" not in [tile.key for tile in summary.tiles(evaluation([[1, 0, 0]], [0], k=k))]


def test_guessing_is_what_equal_scores_give(evaluation):
    found = evaluation([[1 / 3] * 3] * 3, [0, 1, 2])
    by_key = {tile.key: tile for tile in summary.tiles(found)}
    assert by_key["log_loss"].meaning == "0 is perfect, guessing 1.099"
    assert by_key["log_loss"].value == pytest.approx(1.0986, abs=1e-4)
    assert by_key["brier_score"].meaning == "0 is perfect, guessing 0.667"
    assert by_key["brier_score"].value == pytest.approx(2 / 3, abs=1e-6)
