"""The features that a head was solved on: kept, read from where they may have been changed, and joined with others."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kerastl.errors import ModelError
from kerastl.finetuning import _kept_features as kept_features
from kerastl.finetuning._features import UsableFeatures
from kerastl.finetuning._joined_images import join_images
from kerastl.finetuning._kept_features import KeptFeatures
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.images import Resize

NOTHING = LabeledImages([], np.empty(0, np.int64))


def images(labels, contents):
    files = [Path(f"{number}.png") for number in range(len(labels))]
    return LabeledImages(files, np.array(labels), np.array(contents, np.uint64))


def training(train, classes=("a", "b"), val=NOTHING, groups=None):
    return TrainingData(classes, train, val, Resize(8, 8), group_numbers=groups)


def usable(array, numbers=None):
    return UsableFeatures(array.__getitem__, np.arange(len(array)) if numbers is None else np.array(numbers))


def features(data, array, mirrored=None, numbers=None):
    known = usable(array, numbers).usable
    answers = LeftOutAnswers.of(data, known[:-1], np.eye(2, dtype=np.float32)[data.train.labels[known[:-1]]])
    other = None if mirrored is None else usable(mirrored, numbers)
    return KeptFeatures.of(data, usable(array, numbers), other, answers, "digest")


@pytest.fixture
def four():
    """Four images of two classes, the first two in one group; features that half precision holds exactly."""
    data = training(images([0, 0, 1, 1], [11, 12, 13, 14]), groups=np.array([7, 7, 8, 9]))
    return features(data, np.arange(12, dtype=np.float32).reshape(4, 3), -np.ones((4, 3), np.float32))


def test_they_come_back_as_they_were_written(four, tmp_path):
    four.write(tmp_path / "features.npz")
    again = KeptFeatures.read(tmp_path / "features.npz")
    assert (again.classes, again.network, again.rows.dtype) == (("a", "b"), "digest", np.float16)
    np.testing.assert_array_equal(again.rows, np.arange(12).reshape(4, 3))
    np.testing.assert_array_equal(again.mirrored, -np.ones((4, 3)))
    assert again.labels.tolist() == [0, 0, 1, 1]
    assert again.groups.tolist() == [7, 7, 8, 9]
    assert again.hashes.tolist() == [11, 12, 13, 14]
    assert again.answers.tolist() == [0, 0, 1, -1]  # the last image was not left out


def test_images_that_cannot_be_read_have_none():
    data = training(images([0, 0, 1, 1], [11, 0, 13, 14]))
    found = features(data, np.arange(4, dtype=np.float32)[:, None], numbers=[0, 2, 3])
    assert (found.rows[:, 0].tolist(), found.mirrored) == ([0, 2, 3], None)
    assert (found.hashes.tolist(), found.groups.tolist()) == ([11, 13, 14], [0, 2, 3])


def test_what_half_precision_cannot_hold_stays_whole():
    data = training(images([0, 1], [1, 2]))
    found = features(data, np.array([[1.0], [70_000.0]], np.float32))
    assert (found.rows.dtype, found.rows[1, 0]) == (np.float32, 70_000)


def test_of_many_images_a_part_of_each_class_is_kept(monkeypatch):
    labels = np.repeat([0, 1], [30, 10])
    data = training(images(labels, np.arange(1, 41)))
    monkeypatch.setattr(kept_features, "MOST", 20 * 3 * 2 * 2)  # 20 images of 3 float16 each, and mirrored
    array = np.arange(120, dtype=np.float32).reshape(40, 3)
    found = features(data, array, array)
    assert len(found) == 20
    assert np.bincount(found.labels).tolist() == [15, 5]
    np.testing.assert_array_equal(found.rows, array[found.hashes.astype(int) - 1])
    large = training(data.train, groups=np.zeros(40, np.int64))
    assert len(features(large, array, array)) == 20  # a group that is larger than all there is room for


def test_new_images_stand_behind_those_of_their_class(four):
    """Class b gets an image, class c is new; the second image of the earlier run is among the new ones as b."""
    new = training(images([1, 2, 1, 2], [21, 22, 12, 0]), ("a", "b", "c"), groups=np.array([0, 1, 2, 1]))
    joined = join_images(four, new)
    assert joined.data.train.labels.tolist() == [0, 1, 1, 1, 1, 2, 2]
    assert joined.places.tolist() == [0, 1, 2, ~0, ~2, ~1, ~3]
    assert joined.data.train.contents.tolist() == [11, 13, 14, 21, 12, 22, 0]
    assert joined.data.groups().tolist() == [0, 1, 2, 3, 5, 4, 4]
    assert [file.name for file in joined.data.train.files[:4]] == [f"{11:016x}", f"{13:016x}", f"{14:016x}", "0.png"]
    assert joined.relabeled == 1
    assert joined.described("first") == "4 new images, beside 3 of first; 1 of its images are new ones of another class"


def test_images_to_validate_on_do_not_train(four):
    new = training(images([0], [21]), val=images([1], [14]))
    assert join_images(four, new).places.tolist() == [0, 1, ~0, 2]


def test_how_classes_fared(four):
    """Of the earlier run's images 0, 1 (class a, right before) and 2 (b, right before) were left out both times."""
    joined = join_images(four, training(images([2, 2], [21, 22]), ("a", "b", "c")))
    answers = np.eye(3, dtype=np.float32)[[0, 2, 1, 1, 2]]  # image 1 is taken for c now; image 5 has no answer
    found = joined.class_changes(LeftOutAnswers.of(joined.data, np.arange(5), answers))
    assert found == [
        {"class": "a", "images": 2, "before": 1.0, "after": 0.5},
        {"class": "b", "images": 1, "before": 1.0, "after": 1.0},
    ]


def pack(file, **arrays):
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            stream = io.BytesIO()
            np.lib.format.write_array(stream, np.asarray(array), version=(1, 0))
            archive.writestr(f"{name}.npy", stream.getvalue())


GOOD = {"rows": np.ones((2, 3), np.float16), "labels": np.arange(2), "groups": np.arange(2), "answers": np.arange(2)}
GOOD |= {"hashes": np.ones(2, np.uint64), "classes": np.array(["a", "b"]), "network": "digest"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"rows": np.ones((3, 3), np.float16)}, "do not fit together"),
        ({"rows": np.ones((2, 0), np.float16)}, "shape"),
        ({"rows": np.full((2, 3), np.inf, np.float16)}, "not finite"),
        ({"mirrored": np.ones((2, 4), np.float16)}, "shape"),
        ({"labels": np.array([0, 2])}, "labels are no places"),
        ({"labels": np.array([-1, 0])}, "labels are no places"),
        ({"answers": np.array([0, 2])}, "answers are no places"),
        ({"classes": np.array(["a", "a"])}, "labels are no places"),
        ({"classes": np.array([{}, {}])}, "classes is object"),
        ({"hashes": np.ones(3, np.uint64)}, "do not fit together"),
    ],
)
def test_a_file_that_was_changed_is_refused_in_one_line(changed, reason, tmp_path):
    pack(tmp_path / "features.npz", **GOOD)
    assert len(KeptFeatures.read(tmp_path / "features.npz")) == 2
    pack(tmp_path / "features.npz", **{**GOOD, **changed})
    with pytest.raises(ModelError, match=reason) as error:
        KeptFeatures.read(tmp_path / "features.npz")
    assert "\n" not in str(error.value)


def test_a_file_that_lacks_something_is_refused(tmp_path):
    pack(tmp_path / "features.npz", **{name: value for name, value in GOOD.items() if name != "answers"})
    with pytest.raises(ModelError, match="it lacks answers"):
        KeptFeatures.read(tmp_path / "features.npz")
