"""What training and evaluation see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patches import Fill

from kerastl.data import scan
from kerastl.data._augmentation import Augmentation, Color, Crop, Flip, MixUp
from kerastl.data._pipeline import Images, evaluation, steps, training
from kerastl.errors import UsageError
from kerastl.images import Resize, load_pixels

RESIZE = Resize(16, 20)
OPTIONS = Augmentation(crop=Crop(), flip=Flip(), color=Color(), mixup=MixUp(1.0))


@pytest.fixture
def root(fill: Fill) -> Path:
    return fill({f"{name}/{number}.png": 10 * ord(name) + number for number in range(5) for name in "abc"})


@pytest.fixture
def images(root: Path) -> Images:
    dataset = scan(root)
    return Images(dataset, dataset.items, RESIZE, workers=2)


def taken(dataset: Any) -> list[tuple[np.ndarray, ...]]:
    return [tuple(array.numpy() for array in batch) for batch in dataset]


def same(one: list[tuple[np.ndarray, ...]], other: list[tuple[np.ndarray, ...]]) -> bool:
    return len(one) == len(other) and all(
        np.array_equal(mine, theirs)
        for first, second in zip(one, other, strict=True)
        for mine, theirs in zip(first, second, strict=True)
    )


def test_evaluation_sees_the_pixels_of_prediction_in_order(root: Path, images: Images) -> None:
    batches = taken(evaluation(images, batch_size=4))
    assert [len(pixels) for pixels, _ in batches] == [4, 4, 4, 3]
    pixels, labels = (np.concatenate(parts) for parts in zip(*batches, strict=True))
    assert pixels.dtype == labels.dtype == np.float32
    files = [root / item.path for item in scan(root).items]
    np.testing.assert_array_equal(pixels, np.stack([load_pixels(file, RESIZE) for file in files]))
    assert labels.argmax(axis=1).tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert labels.sum(axis=1).tolist() == [1] * 15


def test_plain_training_shows_each_image_once_an_epoch(images: Images) -> None:
    wanted = sorted(images.pixels(index).tobytes() for index in range(15))
    batches = taken(training(images, batch_size=6, seed=0, epochs=2))
    assert [len(pixels) for pixels, _ in batches] == [6, 6, 3] * 2
    orders = []
    for epoch in (batches[:3], batches[3:]):
        shown = [pixels.astype(np.uint8).tobytes() for batch, _ in epoch for pixels in batch]
        assert sorted(shown) == wanted
        orders.append(shown)
    assert orders[0] != orders[1]


def test_labels_follow_their_images(images: Images) -> None:
    labels = {images.pixels(index).tobytes(): images.labels[index].tolist() for index in range(15)}
    for pixels, rows in taken(training(images, batch_size=4, seed=3)):
        for image, row in zip(pixels, rows, strict=True):
            assert labels[image.astype(np.uint8).tobytes()] == row.tolist()


def test_a_resumed_run_sees_what_it_would_have_seen(root: Path, images: Images) -> None:
    whole = taken(training(images, batch_size=4, seed=1, augmentation=OPTIONS, epochs=3))
    dataset = scan(root)
    fresh = Images(dataset, dataset.items, RESIZE, workers=5)
    rest = taken(training(fresh, batch_size=4, seed=1, augmentation=OPTIONS, first_epoch=1, epochs=2))
    assert same(whole[4:], rest)
    assert not same(whole[:4], rest[:4])
    assert not same(whole, taken(training(images, batch_size=4, seed=2, augmentation=OPTIONS, epochs=3)))


def test_weights_follow_the_labels(images: Images) -> None:
    weights = np.array([1, 2, 4], dtype=np.float32)
    for _, labels, weight in taken(training(images, batch_size=4, seed=0, class_weights=weights.tolist())):
        assert weight.tolist() == weights[labels.argmax(axis=1)].tolist()
    mixed = training(images, batch_size=4, seed=0, augmentation=OPTIONS, class_weights=[1, 2, 4])
    for _, labels, weight in taken(mixed):
        np.testing.assert_allclose(weight, labels @ weights, rtol=1e-6)


def test_keras_fits_several_epochs_from_one_pipeline(images: Images) -> None:
    import keras

    model = keras.Sequential(
        [keras.Input((16, 20, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "categorical_crossentropy")
    data = training(images, batch_size=4, seed=0, augmentation=OPTIONS, epochs=3)
    history = model.fit(
        data, epochs=3, steps_per_epoch=steps(15, 4), validation_data=evaluation(images), shuffle=False, verbose=0
    )
    assert len(history.history["val_loss"]) == 3


def test_an_image_that_breaks_is_named(root: Path) -> None:
    import tensorflow as tf

    dataset = scan(root)
    images = Images(dataset, dataset.items, RESIZE)
    (root / "b" / "2.png").write_bytes(b"broken")
    with pytest.raises(tf.errors.OpError):
        taken(training(images, batch_size=4, seed=0, augmentation=OPTIONS))
    assert images.failure is not None
    assert images.failure.path == str(root / "b" / "2.png")


@pytest.mark.parametrize("arguments", [{"batch_size": 0}, {"seed": -1}, {"epochs": 0}])
def test_arguments_out_of_range(images: Images, arguments: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="must be"):
        training(images, **{"batch_size": 4, "seed": 0, **arguments})


def test_no_images_at_all(root: Path) -> None:
    with pytest.raises(UsageError, match="no images"):
        Images(scan(root), (), RESIZE)
