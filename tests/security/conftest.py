import json
import zipfile

import numpy as np
import pytest

from kerastl.images import Resize
from kerastl.models import _metadata as metadata
from kerastl.models._labels import LabelSet


class Forge:
    """Makes model files that are changed in one way."""

    def __init__(self, good, folder):
        self._good = good
        self._folder = folder

    def members(self):
        with zipfile.ZipFile(self._good) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def file(self, members, name="model.keras", method=zipfile.ZIP_DEFLATED):
        path = self._folder / name
        with zipfile.ZipFile(path, "w", method) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path

    def changed(self, **members):
        """With other contents of members, whose dots are written as underscores."""
        return self.file(self.members() | {name.replace("_", ".", 1): content for name, content in members.items()})

    def config(self, edit):
        """With a config that `edit` has changed; it gets the layers."""
        config = json.loads(self.members()["config.json"])
        edit(config["config"]["layers"])
        return self.changed(config_json=json.dumps(config))

    def layer(self, module, class_name, config=None, **more):
        """With another layer in the middle."""

        def edit(layers):
            layers[2] |= {"module": module, "class_name": class_name, "registered_name": None, **more}
            layers[2]["config"] = {"name": "middle", **(config or {})}
            del layers[2]["build_config"]

        return self.config(edit)

    def metadata(self, **fields):
        """With other fields in the metadata."""
        return self.changed(kerastl_json=json.dumps(json.loads(self.members()["kerastl.json"]) | fields))

    def bomb(self, member, megabytes):
        """With a member of zeros, which packs to a thousandth."""
        path = self._folder / "model.keras"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in self.members().items():
                if name != member:
                    archive.writestr(name, content)
            with archive.open(member, "w") as stream:
                for _ in range(megabytes):
                    stream.write(bytes(1 << 20))
        return path

    def weights(self, edit):
        """With weights that `edit` has changed; it gets the HDF5 file."""
        import h5py

        path = self._folder / "weights.h5"
        path.write_bytes(self.members()["model.weights.h5"])
        with h5py.File(path, "r+") as file:
            edit(file)
        return self.file(self.members() | {"model.weights.h5": path.read_bytes()}, method=zipfile.ZIP_STORED)


@pytest.fixture(scope="session")
def good_model(tmp_path_factory):
    """A small model with metadata; its middle layer is called so."""
    import keras

    pixels = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(pixels)
    x = keras.layers.Dense(4, activation="relu", name="middle")(x)
    model = keras.Model(pixels, keras.layers.Dense(2, activation="softmax")(x))
    file = tmp_path_factory.mktemp("good") / "model.keras"
    model.save(file)
    metadata.embed_metadata(file, metadata.Metadata("good", LabelSet(("a", "b")), Resize(8, 8, "crop", 1.0)))
    return file


@pytest.fixture
def forge(good_model, tmp_path):
    return Forge(good_model, tmp_path)


@pytest.fixture
def unseen(monkeypatch):
    """Keras fails the test if it is given anything."""
    import keras

    def fail(*_, **__):
        raise AssertionError("Keras was given the file")

    monkeypatch.setattr(keras.models, "load_model", fail)


@pytest.fixture(scope="session")
def black():
    return np.zeros((8, 8, 3), np.uint8)
