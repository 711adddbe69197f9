import numpy as np
import pytest


@pytest.fixture
def colors(image, tmp_path):
    """Five images of two of the color model's classes, one of them wrong, and one of a class it does not know."""
    image("colors/red/1.png", "red")
    image("colors/red/2.png", (255, 0, 204))
    image("colors/red/3.png", "blue")
    image("colors/blue/1.png", "blue")
    image("colors/blue/2.png", (0, 0, 51))
    image("colors/cyan/1.png", "cyan")
    return tmp_path / "colors"


@pytest.fixture(scope="session")
def colored_model(tmp_path_factory, compiled_cache):
    """Builds a run folder whose model sees the mean of each channel, from 0 to 1, behind one dense layer."""
    import keras

    from kerastl.images import Resize
    from kerastl.models import _metadata as metadata
    from kerastl.models._labels import LabelSet

    def build(task, labels, weights, bias, activation, **extra):
        pixels = keras.Input((32, 32, 3))
        means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
        dense = keras.layers.Dense(len(bias), activation=activation)
        model = keras.Model(pixels, dense(means), name="colors")
        dense.set_weights([np.array(weights, np.float32), np.array(bias, np.float32)])
        folder = tmp_path_factory.mktemp(task)
        model.save(folder / metadata.MODEL_FILE)
        reader = Resize(32, 32, "crop", 1.0)
        described = metadata.Metadata("colors", LabelSet(labels), reader, extra=extra, task=task)
        metadata.embed_metadata(folder / metadata.MODEL_FILE, described)
        return folder

    return build


@pytest.fixture(scope="session")
def label_model(colored_model):
    """Gives each of red, green and blue that an image holds, by itself: sigmoid(10 x - 5) of a channel's mean x."""
    return colored_model("multilabel", ("red", "green", "blue"), 10 * np.eye(3), [-5.0] * 3, "sigmoid")


@pytest.fixture(scope="session")
def number_model(colored_model):
    """Gives how red an image is, from 0 to 10."""
    return colored_model("regression", ("redness",), [[10.0], [0.0], [0.0]], [0.0], "linear")
