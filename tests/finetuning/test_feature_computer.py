"""The features of a phase: from the cache, or computed when they are asked for."""

import keras
import numpy as np
import pytest
from PIL import Image

from kerastl.data._augmentation import Augmentation, Flip, MixUp
from kerastl.errors import RecipeError
from kerastl.finetuning._batches import make_batches
from kerastl.finetuning._features import FeatureComputer
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.images import Resize
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import FeatureCache
from kerastl.training._feature_store import FeatureStore

HEAD = Phase(epochs=1)
SOLVED = Phase(epochs=1, solver="ridge")


class Lines(RunCallback):
    def __init__(self):
        self.said, self.warned = [], []

    def say(self, text):
        self.said.append(text)

    def warn(self, text):
        self.warned.append(text)


@pytest.fixture
def data(tmp_path):
    """Eight images of 8 px to train on and two to validate on; image n has the value 10 n."""
    files = [tmp_path / f"{n}.png" for n in range(10)]
    for number, file in enumerate(files):
        Image.new("RGB", (8, 8), (10 * number,) * 3).save(file)
    labels = np.arange(10) % 2
    train, val = LabeledImages(files[:8], labels[:8]), LabeledImages(files[8:], labels[8:])
    return TrainingData(("a", "b"), train, val, Resize(8, 8, "squash"))


def sums(channels=2, scale=1.0):
    """A network whose features are all the sum of the three channels in the middle of the image, times `scale`."""
    pixels = keras.Input((8, 8, 3))
    convolution = keras.layers.Conv2D(channels, 1, use_bias=False)
    model = keras.Model(pixels, convolution(pixels))
    convolution.set_weights([np.full((1, 1, 3, channels), scale, np.float32)])
    return model


def test_training_and_validation_features_are_kept(data, tmp_path):
    callback = Lines()
    computer = FeatureComputer(data, FeatureCache(tmp_path / "f", 10**6), callback=callback)
    features = computer.compute(sums(), HEAD, (0, 0))
    assert features.train[:, 0, 0, 0].tolist() == [30.0 * n for n in range(8)]
    assert features.val[:][:, 0, 0, 0].tolist() == [240, 270]
    assert features.plain[2:4][:, 0, 0, 0].tolist() == [60, 90]
    assert callback.said == [
        "features: 2 rows (val) of 8 x 8 x 2 float32, 0 MB",
        "features: 8 rows (train) of 8 x 8 x 2 float32, 0 MB",
    ]


def test_without_room_they_are_computed_when_asked_for(data, tmp_path):
    computer = FeatureComputer(data, FeatureCache(tmp_path / "f", 0))
    features = computer.compute(sums(), HEAD, (0, 0))
    assert features.train is None
    assert features.plain is None
    assert features.val[1:][:, 0, 0, 0].tolist() == [270]
    batches = make_batches(features, data, Phase(epochs=1, batch_size=4), (0, 0), computer.skipped)
    assert batches.steps == 2
    values = [value for batch in batches.epoch(0) for value in batch.inputs[:, 0, 0, 0]]
    assert sorted(values) == [30.0 * n for n in range(8)]


@pytest.fixture
def opened(monkeypatch):
    """Names of the files that are decoded."""
    found = []
    read = Resize.read
    monkeypatch.setattr(Resize, "read", lambda resize, file: found.append(file.name) or read(resize, file))
    return found


def left_column():
    """A network whose features are the left column of the image."""
    pixels = keras.Input((8, 8, 3))
    return keras.Model(pixels, keras.layers.Cropping2D(((0, 0), (0, 7)))(pixels))


def test_training_images_and_their_mirror_images_are_decoded_once(data, tmp_path, opened):
    for file in data.train.files:
        with Image.open(file) as image:
            image.putpixel((7, 0), (200, 0, 0))  # at the top right
            image.save(file)
    cache, callback = FeatureCache(tmp_path / "f", 10**6), Lines()
    features = FeatureComputer(data, cache, callback=callback).compute(left_column(), SOLVED, (0, 0))
    assert features.plain[0:8][:, 0, 0, 0].tolist() == [10 * n for n in range(8)]
    assert features.mirrored[0:8][:, 0, 0, 0].tolist() == [200] * 8
    assert sorted(opened) == sorted(file.name for file in [*data.train.files, *data.val.files])
    assert callback.said[1:] == [
        "features: 8 rows (train) of 8 x 1 x 3 float32, 0 MB",
        "features: 8 rows (train, mirrored) of 8 x 1 x 3 float32, 0 MB",
    ]
    FeatureComputer(data, cache).compute(left_column(), SOLVED, (0, 0))
    assert len(opened) == 10


def test_without_room_for_mirrored_images_the_head_is_solved_without_them(data, tmp_path):
    # 10 images of 8 x 1 x 3 float32 numbers are 960 bytes and two headers of 128; 8 more would be 768.
    callback = Lines()
    computer = FeatureComputer(data, FeatureCache(tmp_path / "f", 1700), callback=callback)
    features = computer.compute(left_column(), SOLVED, (0, 0))
    assert features.mirrored is None
    assert features.plain[0:8][:, 0, 0, 0].tolist() == [10 * n for n in range(8)]
    said = [line for line in callback.said if "mirrored" in line]
    assert said == [
        "features of mirrored images would take 0 MB, more than the cache may (0 MB) or the disk can hold: "
        "the head is solved without them (--cache-limit)"
    ]


@pytest.mark.parametrize("full", [1, 2])
def test_a_disk_that_fills_up_takes_mirrored_images_first(data, tmp_path, monkeypatch, full):
    """The disk has no room for the store with this number; without it the rest goes on as it can."""
    made = []

    def allocate(store, shape):
        made.append(shape)
        if len(made) > full:
            raise OSError(28, "No space left on device")
        return whole(store, shape)

    whole = FeatureStore._allocate
    monkeypatch.setattr(FeatureStore, "_allocate", allocate)
    callback = Lines()
    features = FeatureComputer(data, FeatureCache(tmp_path / "f", 10**6), callback=callback).compute(
        left_column(), SOLVED, (0, 0)
    )
    assert features.mirrored is None
    assert (features.train is None) == (full == 1)
    expected = [
        "features of mirrored images cannot be kept (No space left on device): the head is solved without them",
        "features cannot be kept (No space left on device): they are computed anew in each epoch",
    ]
    assert callback.warned == expected[: 3 - full]


@pytest.mark.parametrize(("scale", "dtype"), [(1.0, "float16"), (1000.0, "float32")])
def test_large_features_are_kept_in_half_precision_where_they_fit(data, tmp_path, scale, dtype):
    # 8 x 8 x 65 numbers are more than 4096; 210 times 1000 is more than 65504, the largest number of float16.
    computer = FeatureComputer(data, FeatureCache(tmp_path / "f", 10**7))
    features = computer.compute(sums(65, scale), HEAD, (0, 0))
    assert features.train.dtype == dtype
    assert features.train[:, 0, 0, 0].tolist() == [30.0 * scale * n for n in range(8)]


def test_where_nothing_is_frozen_the_pixels_are_the_features(data, tmp_path):
    features = FeatureComputer(data, FeatureCache(tmp_path / "f", 10**6)).compute(None, HEAD, (0, 0))
    assert features.extractor.trains_on_pixels
    assert features.train.dtype == np.uint8
    assert features.train[:, 0, 0, 0].tolist() == [10 * n for n in range(8)]


def test_copies_lie_side_by_side_and_are_no_ground_for_a_direct_solution(data, tmp_path):
    phase = Phase(epochs=1, augmentation=Augmentation(flip=Flip()), num_augmented_copies=3)
    features = FeatureComputer(data, FeatureCache(tmp_path / "f", 10**6)).compute(sums(), phase, (0, 0))
    assert features.train[:, 0, 0, 0].tolist() == [30.0 * (row // 3) for row in range(24)]
    assert features.plain is None


def test_the_stores_of_a_phase_before_are_removed(data, tmp_path):
    cache = FeatureCache(tmp_path / "f", 10**6)
    computer = FeatureComputer(data, cache)
    computer.compute(sums(2), HEAD, (0, 0))
    before = cache.used()
    computer.compute(sums(1), HEAD, (0, 1))
    assert cache.used() < before


def test_mixing_needs_pixels(data, tmp_path):
    phase = Phase(epochs=1, augmentation=Augmentation(mixup=MixUp(0.2)))
    computer = FeatureComputer(data, FeatureCache(tmp_path / "f", 10**6))
    features = computer.compute(sums(), phase, (0, 0))
    with pytest.raises(RecipeError, match="mixup and cutmix mix pixels"):
        make_batches(features, data, phase, (0, 0), computer.skipped)
