import keras
import numpy as np
import pytest
from PIL import Image

from kerastl.models import _build


@pytest.fixture
def small_backbone():
    """Makes a backbone of two convolutions with BatchNorm on images of 8 px by default; each has the same weights."""

    def build(size=8):
        keras.utils.set_random_seed(3)
        pixels = keras.Input((size, size, 3))
        x = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
        x = keras.layers.Conv2D(6, 3, 2, "same", use_bias=False)(x)
        x = keras.layers.BatchNormalization(momentum=0.99)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.Conv2D(8, 3, 2, "same")(x)
        return keras.Model(pixels, x)

    return build


@pytest.fixture
def view_pairs():
    """Views of six images, one of each and then the other of each: float32 (12, 8, 8, 3)."""
    return np.random.default_rng(1).integers(0, 256, (12, 8, 8, 3)).astype(np.float32)


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory):
    """Two class folders of 24 noisy images each, one of them with a folder inside; reddish and bluish."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for channel, name in ((0, "red"), (2, "blue")):
        for number in range(24):
            inside = folder / name / ("deeper" if number % 3 == 0 else ".")
            inside.mkdir(parents=True, exist_ok=True)
            pixels = random.integers(0, 160, (40, 48, 3))
            pixels[:, :, channel] += 90
            Image.fromarray(pixels.astype(np.uint8)).save(inside / f"{number:02}.png")
    return folder


@pytest.fixture
def quickly_built(monkeypatch, small_backbone):
    """Two convolutions instead of any network of the catalog: built and compiled in no time."""
    monkeypatch.setattr(_build, "build", lambda *_, input_size, **__: small_backbone(input_size))
