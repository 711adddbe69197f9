import numpy as np
import pytest

from kerastl.calibration import _intervals as intervals
from kerastl.calibration._apply import AnswerRules
from kerastl.calibration._state import CalibrationState
from kerastl.errors import ModelError, UsageError
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata


def metadata(**extra):
    return Metadata("ages", LabelSet(("age",)), Resize(32, 32), extra=extra, task="regression")


def test_scores_are_how_far_numbers_are_off():
    assert intervals.scores(np.array([[3.0], [5.0]]), np.array([4.5, 1.0])).tolist() == [1.5, 4.0]


@pytest.mark.parametrize(
    ("count", "coverage", "rank"),
    [(99, 0.9, 90), (9, 0.9, 9), (8, 0.88, 8), (1, 0.5, 1)],  # ceil((n + 1) coverage)
)
def test_intervals_are_as_wide_as_the_guarantee_asks(count, coverage, rank):
    found = intervals.record(np.arange(1.0, count + 1))["interval"]
    assert (found["coverage"], found["half_width"], found["images"]) == (coverage, rank, count)
    assert intervals.record(np.empty(0)) == {}


def test_intervals_hold_new_numbers_as_often_as_they_say():
    random = np.random.default_rng(0)
    held = []
    for _ in range(400):
        off = np.abs(random.standard_t(3, size=51))
        held.append(off[-1] <= intervals.record(off[:-1])["interval"]["half_width"])
    assert 0.87 < np.mean(held) < 0.95


def test_a_number_is_answered_with_the_interval_that_the_model_comes_with():
    known = metadata(interval={"coverage": 0.9, "half_width": 7.25, "images": 40})
    (answer,) = AnswerRules(5).apply(np.array([[31.5]], "float32"), None, known, 1.0)
    assert (answer.value, answer.interval, answer.predictions) == (31.5, (24.25, 38.75), ())
    assert str(answer) == "age 31.5 (24.2 to 38.8 in 90 %)"
    assert answer.as_dict() == {
        "path": None, "model": "ages", "name": "age", "value": 31.5, "low": 24.25, "high": 38.75, "coverage": 0.9,
    }  # fmt: skip


def test_another_coverage_has_another_width():
    state = CalibrationState(np.arange(1, 20, dtype="float32"))
    rules = AnswerRules(5, 0.5, state)
    (answer,) = rules.apply(np.array([[0.0]], "float32"), None, metadata(), 1.0)
    assert answer.interval == (-10, 10)
    with pytest.raises(UsageError, match=r"0\.99 cannot be guaranteed from 19"):
        state.half_width(0.99)


def test_a_number_without_an_interval_is_one_alone():
    (answer,) = AnswerRules(5).apply(np.array([[1234.5678]], "float32"), None, metadata(), 1.0)
    assert (str(answer), answer.interval) == ("age 1235", None)


def test_an_image_unlike_those_of_the_training_is_said():
    state = CalibrationState(np.arange(1, 20, dtype="float32"), np.eye(2, dtype="float16"), 0.1)
    rules = AnswerRules(5, state=state, reject=True)
    features = np.array([[1.0, 0.0], [-1.0, 0.0]], "float32")
    known, strange = rules.apply(np.array([[1.0], [2.0]], "float32"), features, metadata(), 1.0)
    assert (known.rejected, strange.rejected) == (False, True)
    assert str(strange) == "unlike the training images (age 2)"


def test_a_number_that_is_none_is_an_error():
    with pytest.raises(ModelError, match="not finite"):
        AnswerRules(5).apply(np.array([[np.nan]], "float32"), None, metadata(), 1.0)


def test_only_a_model_that_tells_numbers_has_a_value():
    known = Metadata("ages", LabelSet(("old", "young")), Resize(32, 32))
    (answer,) = AnswerRules(1).apply(np.array([[0.2, 0.8]], "float32"), None, known, 1.0)
    with pytest.raises(ModelError, match="there is no number"):
        _ = answer.value
    assert answer.interval is None


@pytest.mark.parametrize(
    "interval", [{"coverage": 0.9}, {"coverage": 1.0, "half_width": 1.0}, {"coverage": 0.9, "half_width": -1.0}, []]
)
def test_hostile_intervals_are_refused(interval):
    values = metadata().as_dict()
    with pytest.raises(ModelError, match="interval"):
        Metadata.from_dict({**values, "extra": {"interval": interval}})
