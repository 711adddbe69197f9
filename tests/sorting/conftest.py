import numpy as np
import pytest

import kerastl
from kerastl.images import Resize
from kerastl.models import LabelSet
from kerastl.models import _metadata as metadata


@pytest.fixture(scope="session")
def colors(color_model):
    """The classifier that tells red, green and blue apart."""
    return kerastl.load(color_model)


@pytest.fixture(scope="session")
def several(tmp_path_factory, compiled_cache):
    """A classifier that gives each of red, green and blue: 20 times the mean of its channel minus 10 is its logit."""
    import keras

    pixels = keras.Input((32, 32, 3))
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
    dense = keras.layers.Dense(3, activation="sigmoid")
    model = keras.Model(pixels, dense(means), name="several")
    dense.set_weights([20 * np.eye(3, dtype="float32"), np.full(3, -10, "float32")])
    folder = tmp_path_factory.mktemp("several")
    model.save(folder / metadata.MODEL_FILE)
    labels, reader = LabelSet(("red", "green", "blue")), Resize(32, 32, "crop", 1.0)
    described = metadata.Metadata("several", labels, reader, task="multilabel")
    metadata.embed_metadata(folder / metadata.MODEL_FILE, described)
    return kerastl.load(folder)


@pytest.fixture
def photos(image, tmp_path):
    """A folder with two red images of one name, a blue one with sidecars, and a file that is no image."""
    image("in/a.png", "red")
    image("in/deep/a.png", (250, 0, 0))
    image("in/sea.jpg", "blue")
    for name in ("sea.xmp", "sea.AAE", "sea.jpg.xmp"):
        (tmp_path / "in" / name).write_text(f"sidecar {name}")
    (tmp_path / "in" / "broken.jpg").write_text("no image")
    return tmp_path / "in"


@pytest.fixture
def content():
    """All files below a folder, links as where they lead; by their paths."""

    def read(folder):
        paths = sorted(path for path in folder.rglob("*") if path.is_symlink() or path.is_file())
        return {
            path.relative_to(folder).as_posix(): path.readlink() if path.is_symlink() else path.read_bytes()
            for path in paths
        }

    return read
