"""Calibration of models that give several labels, or a number."""

import json
import shutil

import numpy as np
import pytest

import kerastl
from kerastl.calibration import ThresholdAim, Thresholds
from kerastl.data import Dataset, Item
from kerastl.errors import UsageError
from kerastl.models._metadata import MODEL_FILE, read_metadata


def dataset(root, labels, task, classes, split="val"):
    items = tuple(Item(f"{number}.png", label, split) for number, label in enumerate(labels))
    return Dataset(root, classes, items, "a table", task=task)


@pytest.fixture
def labeled(image, tmp_path):
    """Twelve images: how red they are rises, the upper seven and the third are called red; blue is nowhere."""
    labels = []
    for number in range(12):
        image(f"data/{number}.png", (255 * number // 11, 0, 0))
        labels.append("red" if number >= 5 or number == 2 else "")
    return dataset(tmp_path / "data", labels, "multilabel", ("red",))


@pytest.fixture
def label_run(label_model, tmp_path):
    return shutil.copytree(label_model, tmp_path / "run")


def stored(run):
    return Thresholds.read(read_metadata(run / MODEL_FILE))


def test_thresholds_are_chosen_and_stand_in_the_model(label_run, labeled):
    found = kerastl.calibrate(label_run, labeled, threshold_aim="precision=1", verbose=0)
    red, _, blue = stored(label_run).labels
    # From the fifth on all are right: halfway between its score and that of the fourth.
    means = np.array([255 * 4 // 11, 255 * 5 // 11]) / 255
    assert red.threshold == pytest.approx((1 / (1 + np.exp(5 - 10 * means))).mean(), abs=1e-4)
    assert (red.precision, red.recall, red.positives, red.images) == (1, 7 / 8, 8, 12)
    assert stored(label_run).aim == "precision=1"
    assert stored(label_run).kind == "validation"
    assert (blue.threshold, blue.met) == (0.5, False)
    assert found.thresholds == stored(label_run)
    assert any(note.startswith("blue: none of the 12 images has it") for note in found.notes)
    assert "thresholds         chosen for precision=1" in str(found)
    assert json.loads(json.dumps(found.as_dict()))["thresholds"]["labels"][0]["recall"] == 7 / 8
    evaluation = kerastl.evaluate(label_run, labeled, resamples=2, verbose=0)
    assert evaluation.thresholds[0] == red.threshold
    assert evaluation.classes[0].recall == 7 / 8


def test_a_second_calibration_keeps_the_aim_unless_told_another(label_run, labeled):
    kerastl.calibrate(label_run, labeled, threshold_aim="recall=1", verbose=0)
    assert kerastl.calibrate(label_run, labeled, verbose=0).thresholds.aim == "recall=1"
    assert stored(label_run).labels[0].recall == 1
    assert kerastl.calibrate(label_run, labeled, threshold_aim="f1", verbose=0).thresholds.aim == "f1"


def test_an_aim_is_f1_where_nobody_says(label_run, labeled):
    assert kerastl.calibrate(label_run, labeled, verbose=0).thresholds.aim == str(ThresholdAim("f1"))


def test_aims_that_do_not_fit(label_run, labeled, color_model, tmp_path):
    with pytest.raises(UsageError, match=r"precision=P or recall=R.* Received: 'best'"):
        kerastl.calibrate(label_run, labeled, threshold_aim="best", verbose=0)
    one = shutil.copytree(color_model, tmp_path / "colors")
    classes = dataset(tmp_path / "data", ["red"] * 12, "classification", ("red",))
    with pytest.raises(UsageError, match="threshold_aim is for models of several labels; colors is none"):
        kerastl.calibrate(one, classes, threshold_aim="f1", verbose=0)


def test_intervals_of_numbers_are_fitted(number_model, image, tmp_path):
    run = shutil.copytree(number_model, tmp_path / "run")
    labels = []
    for number in range(20):
        image(f"data/{number}.png", (255, 0, 0))
        labels.append(str(10 + number / 10))  # off by 0, 0.1, ..., 1.9
    data = dataset(tmp_path / "data", labels, "regression", ("redness",))
    found = kerastl.calibrate(run, data, verbose=0)
    # Of 20 images the 19th smallest error holds a new one with 19/21 > 0.9.
    assert found.interval["half_width"] == pytest.approx(1.8, abs=1e-4)
    assert found.interval["coverage"] == 0.9
    assert "intervals          1.8 to either side hold 90 % of the numbers" in str(found)
    assert "temperature" not in str(found)
    assert json.loads(json.dumps(found.as_dict()))["task"] == "regression"
    evaluation = kerastl.evaluate(
        run, dataset(tmp_path / "data", labels, "regression", ("redness",)), resamples=2, verbose=0
    )
    assert evaluation.figures["coverage"].value == 0.95
