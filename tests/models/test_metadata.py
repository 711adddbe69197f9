import json
import subprocess
import sys
import zipfile

import pytest

from kerastl.errors import ModelError
from kerastl.images import Resize
from kerastl.models import _metadata as metadata
from kerastl.models._labels import LabelSet
from kerastl.models._metadata import Metadata

METADATA = Metadata(
    "net", LabelSet(("a", "b"), ("n1", "n2")), Resize(32, 48, "pad", 0.9), "vgg16", {"temperature": 1.5}
)


def test_a_card_survives_json():
    assert Metadata.from_dict(json.loads(json.dumps(METADATA.as_dict()))) == METADATA


def test_metadata_of_format_1_knew_images_only():
    stored = METADATA.as_dict()
    old = {name: value for name, value in stored.items() if name != "input"}
    sizes = {"height": 32, "width": 48, "policy": "pad", "crop_fraction": 0.9, "white_level": None}
    assert Metadata.from_dict(old | {"format": 1, "resize": sizes}) == METADATA
    assert stored["input"] == {"kind": "image", **sizes}


def test_a_card_of_the_future_says_so():
    with pytest.raises(ModelError, match="newer kerastl"):
        Metadata.from_dict(METADATA.as_dict() | {"format": 99})


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"format": 1},
        METADATA.as_dict() | {"input": {"kind": "image", "height": -1, "width": 3}},
        METADATA.as_dict() | {"labels": 3},
    ],
)
def test_a_card_that_is_none_is_refused(broken):
    with pytest.raises(ModelError):
        Metadata.from_dict(broken)


def test_plain_keras_loads_a_model_with_a_metadata(color_model):
    code = (
        "import sys, keras, numpy as np; m = keras.models.load_model(sys.argv[1]); "
        "assert 'kerastl' not in sys.modules; print(m.predict(np.zeros((1, 32, 32, 3)), verbose=0).tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, color_model / metadata.MODEL_FILE], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == [pytest.approx([1 / 3] * 3)]


def test_the_card_is_found_by_folder_and_by_file(color_model, tmp_path):
    file = metadata.find(color_model)
    assert metadata.find(file) == file
    moved = tmp_path / "renamed.keras"
    moved.write_bytes(file.read_bytes())
    assert metadata.read_metadata(metadata.find(moved)).labels.names == ("red", "green", "blue")


def test_what_is_no_model_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"holds no model\.keras"):
        metadata.find(tmp_path)
    with pytest.raises(ModelError, match="does not exist"):
        metadata.find(tmp_path / "missing.keras")
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"PK\x03\x04 half a zip")
    with pytest.raises(ModelError, match=r"broken\.keras cannot be read as a Keras model"):
        metadata.read_metadata(broken)
    with zipfile.ZipFile(tmp_path / "bare.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelError, match="has no labels inside"):
        metadata.read_metadata(tmp_path / "bare.keras")


def test_a_card_is_embedded_once(tmp_path):
    file = tmp_path / "m.keras"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("config.json", "{}")
    metadata.embed_metadata(file, METADATA)
    assert metadata.read_metadata(file) == METADATA
    with pytest.raises(ModelError, match="has metadata already"):
        metadata.embed_metadata(file, METADATA)
