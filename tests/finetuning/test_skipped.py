"""Images that can be read no more while a run goes on."""

from pathlib import Path

import numpy as np
import pytest

from kerastl.errors import DataError
from kerastl.finetuning._skipped import SkippedImages
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.images import Resize
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import Features


class Warnings(RunCallback):
    def __init__(self):
        self.said = []

    def warn(self, text):
        self.said.append(text)


@pytest.fixture
def data():
    """Two cats and three dogs to train on, one of each to validate on."""
    train = LabeledImages([Path(f"{n}.jpg") for n in range(5)], np.array([0, 0, 1, 1, 1]))
    return TrainingData(
        ("cat", "dog"), train, LabeledImages([Path("v0.jpg"), Path("v1.jpg")], np.array([0, 1])), Resize(8, 8)
    )


def features(rows, *broken):
    return Features(np.zeros((rows, 2)), dict.fromkeys(broken, "cut off"), [""] * rows)


def test_an_image_is_usable_where_all_its_copies_are(data):
    callback = Warnings()
    skipped = SkippedImages(data, callback)
    # Of three copies each, the last of image 1 and the first of image 4 cannot be read.
    assert skipped.usable(data.train, features(15, 5, 12), 3).tolist() == [0, 2, 3]
    assert skipped.reasons == {Path("1.jpg"): "cut off", Path("4.jpg"): "cut off"}
    assert callback.said == ["1.jpg: cut off; skipped", "4.jpg: cut off; skipped"]


def test_an_image_is_told_and_counted_once(data):
    callback = Warnings()
    skipped = SkippedImages(data, callback)
    for _ in range(3):
        skipped.usable(data.train, features(5, 0))
        skipped.skip(0, "gone")
    assert len(callback.said) == 1


def test_a_class_without_images_ends_the_run(data):
    skipped = SkippedImages(data, RunCallback())
    skipped.skip(0, "gone")
    with pytest.raises(DataError, match=r"no training image of 'cat' can be read any more \(the last: 1\.jpg: gone\)"):
        skipped.skip(1, "gone")


def test_validation_images_are_of_no_class_that_is_trained_on(data):
    skipped = SkippedImages(data, RunCallback())
    assert skipped.usable(data.val, features(2, 0)).tolist() == [1]


def test_no_image_at_all_ends_the_run(data):
    with pytest.raises(DataError, match="none of 2 images can be read, the first: cut off"):
        SkippedImages(data, RunCallback()).usable(data.val, features(2, 0, 1))
