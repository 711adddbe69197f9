import numpy as np
import pytest

SIDE = 48


def disc_and_square():
    """A noisy gray image with a red disc at the left and a blue square at the right, and the masks of both."""
    y, x = np.mgrid[:SIDE, :SIDE]
    pixels = np.random.default_rng(0).integers(90, 130, (SIDE, SIDE, 1)).repeat(3, axis=2).astype(np.uint8)
    disc = (x - 12) ** 2 + (y - 14) ** 2 < 64
    square = (abs(x - 35) < 7) & (abs(y - 32) < 7)
    pixels[disc] = (220, 30, 30)
    pixels[square] = (30, 30, 220)
    return pixels, disc, square


@pytest.fixture(scope="session")
def scene():
    return disc_and_square()


def blob_network():
    """Tells red blobs from blue ones, with weights set by hand.

    The first layer measures how much redder, or bluer, than the rest a pixel is; the second averages over 4 by 4
    pixels; then the mean, and a score for each class.
    """
    import keras

    pixels = keras.Input((SIDE, SIDE, 3))
    color = keras.layers.Conv2D(2, 1, activation="relu", name="color")
    blob = keras.layers.Conv2D(2, 4, strides=4, activation="relu", name="blob")
    head = keras.layers.Dense(2, activation="softmax", name="head")
    features = blob(color(keras.layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, head(keras.layers.GlobalAveragePooling2D()(features)), name="blobs")
    color.set_weights([np.array([[[[1, -1], [-1, -1], [-1, 1]]]], "float32"), np.zeros(2, "float32")])
    blob.set_weights([np.eye(2, dtype="float32")[None, None].repeat(4, 0).repeat(4, 1) / 16, np.zeros(2, "float32")])
    head.set_weights([np.array([[9, -9], [-9, 9]], "float32"), np.zeros(2, "float32")])
    return model


@pytest.fixture
def blobs():
    return blob_network()
