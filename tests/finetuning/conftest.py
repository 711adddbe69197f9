import keras
import numpy as np
import pytest
from PIL import Image

from kerastl.finetuning._network import attach_head
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._training_data import LabeledImages, TrainingData
from kerastl.images import Resize


@pytest.fixture
def small_network():
    """A network of three stages on 16 px images, with BatchNorm and a residual sum; weights from a seed."""
    keras.utils.set_random_seed(7)
    pixels = keras.Input((16, 16, 3), name="pixels")
    x = keras.layers.Rescaling(1 / 127.5, -1.0, name="scale")(pixels)
    x = keras.layers.Conv2D(6, 3, 2, "same", use_bias=False, name="stem_conv")(x)
    x = keras.layers.BatchNormalization(name="stem_norm")(x)
    stem = keras.layers.ReLU(name="stem_relu")(x)
    x = keras.layers.Conv2D(6, 3, padding="same", use_bias=False, name="middle_conv")(stem)
    x = keras.layers.BatchNormalization(name="middle_norm")(x)
    middle = keras.layers.Add(name="middle_sum")([stem, x])
    x = keras.layers.Conv2D(8, 3, 2, "same", use_bias=False, name="top_conv")(middle)
    x = keras.layers.BatchNormalization(name="top_norm")(x)
    x = keras.layers.ReLU(name="top_relu")(x)
    backbone = keras.Model(pixels, x, name="small")
    named = {
        stage: [layer for layer in backbone.layers if layer.name.startswith(stage)]
        for stage in ("top", "middle", "stem")
    }
    return attach_head(backbone, named, 3, seed=1)


@pytest.fixture
def activations():
    """48 random images of 16 px, float32 in [0, 255], and their classes, which the brightest channel decides."""
    random = np.random.default_rng(3)
    labels = random.integers(3, size=48)
    pixels = random.integers(0, 120, (48, 16, 16, 3))
    pixels[np.arange(48), :, :, labels] += 100
    return pixels.astype(np.uint8), labels


@pytest.fixture
def data(tmp_path, activations):
    """The images as files: 36 to train on and 12 to validate on."""
    pixels, labels = activations
    files = []
    for number, image in enumerate(pixels):
        files.append(tmp_path / f"{number}.png")
        Image.fromarray(image).save(files[-1])
    train, val = slice(0, 36), slice(36, 48)
    resize = Resize(16, 16, "squash")
    return TrainingData(
        ("r", "g", "b"), LabeledImages(files[train], labels[train]), LabeledImages(files[val], labels[val]), resize
    )


@pytest.fixture(scope="session")
def colored_folder(tmp_path_factory):
    """Three class folders of twelve noisy images each, reddish, greenish and bluish."""
    folder = tmp_path_factory.mktemp("colored")
    random = np.random.default_rng(0)
    for channel, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir()
        for number in range(12):
            pixels = random.integers(0, 160, (40, 48, 3))
            pixels[:, :, 2 - channel] += 70
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture
def recipe_file(tmp_path):
    """Two phases by gradient steps, of two and of three epochs."""
    phases = (
        Phase(epochs=2, learning_rate=0.01, batch_size=8),
        Phase(trains=1, epochs=3, learning_rate=0.001, batch_size=8, schedule="cosine"),
    )
    path = tmp_path / "recipe.json"
    path.write_text(Recipe("two", phases).to_json())
    return str(path)
