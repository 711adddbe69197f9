"""Answers on training images that were left out: gathered, kept, and read from where they may have been changed."""

import dataclasses
import io
import zipfile

import numpy as np
import pytest

from kerastl.errors import ModelError
from kerastl.finetuning._folder import LEAVE_ONE_OUT
from kerastl.finetuning._leave_one_out import KeptAnswers, LeftOutAnswers
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.images import Resize
from kerastl.tasks import TASKS

NOTHING = LabeledImages([], np.empty(0, np.int64))
CONTENTS = [f"{number:032x}" for number in (1 << 64, 2 << 64, 3 << 64, 4 << 64)]
NUMBERS = np.arange(1, 5, dtype=np.uint64)  # their first 16 digits


@pytest.fixture
def four():
    """Four images of two classes, the first two in one group."""
    images = LabeledImages([f"{n}.png" for n in range(4)], np.array([0, 0, 1, 1]))
    return TrainingData(("a", "b"), images, NOTHING, Resize(8, 8), group_numbers=np.array([7, 7, 8, 9]))


def answers(data, rows):
    return LeftOutAnswers.of(data, np.arange(4), np.array(rows, np.float32))


def test_their_score_counts_images_and_groups(four):
    reached = answers(four, [[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.5, 0.5]]).score()
    assert (reached.kind, reached.images, reached.groups) == ("leave_one_out", 4, 3)
    assert reached.accuracy == 0.5  # of equal scores the first class counts
    assert reached.loss == pytest.approx(-np.log([0.9, 0.2, 0.6, 0.5]).mean())


def test_images_that_were_not_left_out_do_not_count(four):
    found = answers(four, [[0.9, 0.1], [np.nan, np.nan], [0.4, 0.6], [np.nan, 0.5]])
    assert found.numbers.tolist() == [0, 2]
    assert found.score().images == 2


def test_data_without_groups_leaves_out_one_image_at_a_time():
    data = TrainingData(("a", "b"), LabeledImages(["0", "1"], np.array([0, 1])), NOTHING, Resize(8, 8))
    assert data.groups().tolist() == [0, 1]
    assert not data.validates


def test_they_come_back_as_they_were_written(four, tmp_path):
    rows = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.5, 0.5]], np.float32)
    found = LeftOutAnswers.of(four, np.arange(4), rows).calibrated(0.5, lambda numbers: np.eye(4)[numbers], seed=0)
    found.write(tmp_path)
    again = LeftOutAnswers.read(tmp_path, TASKS["classification"])
    for name in ("numbers", "labels", "groups", "probabilities"):
        np.testing.assert_array_equal(getattr(again, name), getattr(found, name))
    assert again.calibration == found.calibration
    assert again.calibration.extra["temperature_inside"]["value"] == 0.5


def test_those_of_labels_come_back_too(four, tmp_path):
    truth = np.array([[True, False], [True, True], [False, False], [False, True]])
    images = LabeledImages(four.train.files, truth)
    data = dataclasses.replace(four, train=images, task=TASKS["multilabel"])
    found = answers(data, [[0.9, 0.1], [0.8, 0.8], [0.4, 0.6], [0.2, 0.7]])
    found = found.calibrated(1.0, lambda numbers: np.eye(4)[numbers], seed=0)
    found.write(tmp_path)
    again = LeftOutAnswers.read(tmp_path, TASKS["multilabel"])
    assert again.labels.tolist() == truth.tolist()
    assert again.score() == found.score()
    assert again.score().goodness == 1  # both labels are told from the others


def test_beside_a_model_they_are_found_by_what_is_in_an_image(four, tmp_path):
    found = answers(four, [[0.9, 0.1], [np.nan, np.nan], [0.4, 0.6], [0.5, 0.5]])
    KeptAnswers.of(found, NUMBERS, "data").write(tmp_path)
    again = KeptAnswers.read(tmp_path, "data", 2)
    assert again.rows([CONTENTS[3], "", "ff" * 16, CONTENTS[0], CONTENTS[1]]).tolist() == [2, -1, -1, 0, -1]
    np.testing.assert_array_equal(again.probabilities[0], np.array([0.9, 0.1], np.float32))


def test_those_of_another_model_are_none(four, tmp_path):
    assert KeptAnswers.read(tmp_path, "data", 2) is None
    KeptAnswers.of(answers(four, np.full((4, 2), 0.5)), NUMBERS, "data").write(tmp_path)
    assert KeptAnswers.read(tmp_path, "other data", 2) is None


def pack(file, compression=zipfile.ZIP_STORED, **arrays):
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.asarray(array), version=(1, 0))
            archive.writestr(f"{name}.npy", stream.getvalue())


GOOD = {"hashes": np.ones(2, np.uint64), "groups": np.arange(2), "fingerprint": "data"}
GOOD |= {"probabilities": np.full((2, 2), 0.5, np.float32)}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"probabilities": np.full((2, 3), 0.3, np.float32)}, "answers of 2 classes"),
        ({"probabilities": np.full((3, 2), 0.5, np.float32)}, "do not fit together"),
        ({"hashes": np.ones(2, np.int64)}, "hashes is int64"),
        ({"hashes": np.array([{}, {}])}, "hashes is object"),
        ({"probabilities": np.full((2, 2), np.nan, np.float32)}, "not finite"),
    ],
)
def test_a_file_that_was_changed_is_refused_in_one_line(changed, reason, tmp_path):
    pack(tmp_path / LEAVE_ONE_OUT, **{**GOOD, **changed})
    with pytest.raises(ModelError, match=reason) as error:
        KeptAnswers.read(tmp_path, "data", 2)
    assert "\n" not in str(error.value)


def test_a_file_that_would_unpack_to_more_than_it_holds_is_refused(tmp_path):
    large = np.full((9_999, 2), 0.5, np.float32)
    pack(tmp_path / LEAVE_ONE_OUT, zipfile.ZIP_DEFLATED, **{**GOOD, "probabilities": large})
    with pytest.raises(ModelError, match="more than it holds"):
        KeptAnswers.read(tmp_path, "data", 2)
    (tmp_path / LEAVE_ONE_OUT).write_bytes(b"no archive")
    with pytest.raises(ModelError, match="remove the file"):
        KeptAnswers.read(tmp_path, "data", 2)
    pack(tmp_path / LEAVE_ONE_OUT, **GOOD)
    content = (tmp_path / LEAVE_ONE_OUT).read_bytes()
    assert b"(2, 2), }" in content
    with zipfile.ZipFile(tmp_path / LEAVE_ONE_OUT) as archive:
        members = {name: archive.read(name).replace(b"(2, 2), }  ", b"(2, 299), }") for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / LEAVE_ONE_OUT, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    with pytest.raises(ModelError, match="not all there"):
        KeptAnswers.read(tmp_path, "data", 2)
