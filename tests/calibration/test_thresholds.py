"""Thresholds against an exhaustive search, and against what one works out by hand."""

import json

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_score, recall_score

from kerastl.calibration._thresholds import (
    LabelThreshold,
    ThresholdAim,
    Thresholds,
    choose_thresholds,
    thresholded,
    values_of,
)
from kerastl.errors import ModelError, UsageError
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata

# From the highest score down: has it, has it, has not, has it, has not.
SCORES = np.array([[0.9], [0.8], [0.6], [0.4], [0.1]], np.float32)
TRUTH = np.array([[1], [1], [0], [1], [0]], bool)


def choose(aim, scores=SCORES, truth=TRUTH):
    names = [f"label {number}" for number in range(scores.shape[1])]
    return choose_thresholds(scores, truth, names, ThresholdAim.parse(aim))


@pytest.mark.parametrize(
    ("aim", "threshold", "precision", "recall"),
    [
        ("f1", 0.25, 3 / 4, 1),  # F1 6/7, and 4/5 after two
        ("precision=1", 0.7, 1, 2 / 3),
        ("precision>=0.75", 0.25, 3 / 4, 1),
        ("recall=0.6", 0.7, 1, 2 / 3),
        ("recall=0.95", 0.25, 3 / 4, 1),
    ],
)
def test_thresholds_by_hand(aim, threshold, precision, recall):
    (one,) = choose(aim)
    assert (one.threshold, one.precision, one.recall) == (pytest.approx(threshold), precision, pytest.approx(recall))
    assert one.met
    assert (one.positives, one.images) == (3, 5)


def test_an_aim_that_no_threshold_reaches_is_said_and_the_closest_taken():
    # The best score is wrong, so that no threshold has only right ones.
    (one,) = choose("precision=0.9", truth=TRUTH[::-1])
    assert not one.met
    assert one.unmet("precision=0.9") == (
        "label 0: no threshold reaches precision=0.9 on 5 images, 3 of which have it; the closest has a precision of "
        "60.0 % and a recall of 100.0 %"
    )
    assert one.precision == pytest.approx(3 / 5)


def test_a_label_that_no_image_has_keeps_one_half():
    (one,) = choose("f1", truth=np.zeros((5, 1), bool))
    assert one == LabelThreshold("label 0", 0.5, False, 0.0, 0.0, 0.0, 0, 5)


@pytest.mark.parametrize("aim", ["f1", "precision=0.8", "recall=0.8"])
def test_no_threshold_is_better(aim):
    random = np.random.default_rng(0)
    truth = random.random((60, 4)) < [0.5, 0.3, 0.2, 0.1]
    scores = np.round(np.clip(random.normal(0.3 + 0.3 * truth, 0.2), 0, 1), 2).astype(np.float32)
    measure, least = ThresholdAim.parse(aim).measure, ThresholdAim.parse(aim).least
    for column, one in enumerate(choose(aim, scores, truth)):
        found = []
        for cut in np.unique(scores[:, column]):
            given = scores[:, column] >= cut
            figures = {
                "precision": precision_score(truth[:, column], given),
                "recall": recall_score(truth[:, column], given),
                "f1": f1_score(truth[:, column], given),
            }
            if measure == "f1" or figures[measure] >= least:
                found.append(figures[{"f1": "f1", "precision": "recall", "recall": "precision"}[measure]])
        reached = {"f1": one.f1, "precision": one.recall, "recall": one.precision}[measure]
        assert reached == pytest.approx(max(found))
        # What is said is what the threshold gives.
        given = thresholded(scores, [other.threshold for other in choose(aim, scores, truth)])[:, column]
        assert one.precision == pytest.approx(precision_score(truth[:, column], given))
        assert one.recall == pytest.approx(recall_score(truth[:, column], given))


def test_neighboring_scores_stay_apart():
    low = np.float32(0.5)
    scores = np.array([[np.nextafter(low, np.float32(1))], [low]], np.float32)
    (one,) = choose("f1", scores, np.array([[True], [False]]))
    assert thresholded(scores, [one.threshold]).ravel().tolist() == [True, False]


@pytest.mark.parametrize(
    "text", ["f2", "f1=0.5", "precision", "precision=0", "recall=1.2", "recall=nan", "recall=x", ""]
)
def test_aims_that_are_none(text):
    with pytest.raises(UsageError, match="a threshold's aim is f1, precision=P or recall=R"):
        ThresholdAim.parse(text)


@pytest.mark.parametrize("text", ["f1", "precision=0.9", "recall=0.95"])
def test_aims_are_written_as_they_are_read(text):
    assert str(ThresholdAim.parse(text)) == text


def metadata(**extra):
    return Metadata("model", LabelSet(("cat",)), Resize(32, 32), extra=extra, task="multilabel")


def test_thresholds_stand_in_a_models_metadata():
    chosen = Thresholds.choose(SCORES, TRUTH, ("cat",), "precision>=1", "validation")
    assert chosen.aim == "precision=1"
    assert chosen.notes() == []
    stored = metadata(thresholds=json.loads(json.dumps(chosen.as_dict())))
    assert Thresholds.read(stored) == chosen
    assert values_of(stored) == chosen.values == (pytest.approx(0.7),)


def test_a_model_without_thresholds_gives_labels_from_one_half_on():
    assert Thresholds.read(metadata()) is None
    assert values_of(metadata()) == (0.5,)


@pytest.mark.parametrize(
    "change", [{"threshold": 2}, {"threshold": "x"}, {"label": "dog"}, {"more": 1}, {"positives": None}]
)
def test_broken_thresholds_are_said(change):
    (one,) = choose("f1")
    labels = [{**one.as_dict(), "label": "cat", **change}]
    with pytest.raises(ModelError, match="its thresholds are broken"):
        Thresholds.read(metadata(thresholds={"aim": "f1", "kind": "validation", "labels": labels}))


@pytest.mark.parametrize("broken", [{}, {"aim": "f1", "kind": "validation", "labels": []}, [1]])
def test_thresholds_that_are_none_are_said(broken):
    with pytest.raises(ModelError, match="its thresholds are broken"):
        Thresholds.read(metadata(thresholds=broken))
