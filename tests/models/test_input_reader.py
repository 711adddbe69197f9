"""Another kind of input than images, from the file to the answer, without a change to training or inference."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import kerastl
from kerastl.errors import ImageError, ModelError
from kerastl.images import Resize
from kerastl.models import (
    INPUT_KINDS,
    InputKind,
    LabelSet,
    Metadata,
    embed_metadata,
    read_metadata,
    register_input_kind,
)

keras = pytest.importorskip("keras")


@dataclass(frozen=True)
class Digits:
    """Reads a text of digits as a picture of one row."""

    kind: ClassVar[str] = "digits"
    count: int

    @property
    def shape(self):
        return (1, self.count, 3)

    def read(self, source):
        text = Path(source).read_text()
        if not text.isdigit():
            raise ImageError(str(source), "no digits")
        row = [int(digit) for digit in text[: self.count].ljust(self.count, "0")]
        return np.repeat(np.array(row, np.uint8)[None, :, None], 3, axis=2)

    def describe(self):
        return f"{self.count} digits"

    def as_dict(self):
        return {"count": self.count}


def digits(settings):
    if not isinstance(settings.get("count"), int):
        raise ModelError("'input.count' must be a whole number")
    return Digits(settings["count"])


@pytest.fixture
def digits_model(monkeypatch, tmp_path):
    """Tells whether the mean digit is above 4.5."""
    monkeypatch.setattr(INPUT_KINDS, "_entries", dict(INPUT_KINDS._entries))
    register_input_kind(InputKind("digits", "texts of digits", digits))
    pixels = keras.Input((1, 4, 3))
    dense = keras.layers.Dense(2, activation="softmax")
    model = keras.Model(pixels, dense(keras.layers.GlobalAveragePooling2D()(pixels)))
    dense.set_weights([np.array([[-1, 1]] * 3, "float32"), np.array([13.5, -13.5], "float32")])
    model.save(tmp_path / "model.keras")
    embed_metadata(tmp_path / "model.keras", Metadata("digits", LabelSet(("low", "high")), Digits(4)))
    return tmp_path


def test_it_is_read_through_its_own_reader(digits_model):
    (digits_model / "a.txt").write_text("1212")
    (digits_model / "b.txt").write_text("9898")
    (digits_model / "c.txt").write_text("nine")
    classifier = kerastl.load(digits_model, engine="keras")
    assert repr(classifier) == "<Classifier digits: 2 classes, 4 digits, keras>"
    found = classifier.classify([digits_model / f"{name}.txt" for name in "abc"], errors="return")
    assert [result.predictions[0].label if result.predictions else None for result in found] == ["low", "high", None]
    assert found[2].error.endswith("no digits")
    maps = classifier.explain(digits_model / "b.txt", "high", "integrated-gradients")
    assert maps.map.shape == (1, 4)


def test_the_metadata_remembers_the_kind(digits_model):
    metadata = read_metadata(digits_model / "model.keras")
    assert metadata.reader == Digits(4)
    assert metadata.as_dict()["input"] == {"kind": "digits", "count": 4}
    with pytest.raises(ModelError, match="digits takes 4 digits, and no images"):
        _ = metadata.resize
    with pytest.raises(ModelError, match=r"'input.count' must be a whole number"):
        Metadata.from_dict(json.loads(json.dumps(metadata.as_dict() | {"input": {"kind": "digits"}})))


def test_metadata_of_another_network_is_refused(digits_model, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    keras.Sequential([keras.Input((1, 5, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]).save(
        other / "model.keras"
    )
    embed_metadata(other / "model.keras", Metadata("other", LabelSet(("low", "high")), Digits(4)))
    with pytest.raises(ModelError, match=r"its metadata says 4 digits, and its network takes arrays of shape"):
        kerastl.load(other, engine="keras")


def test_images_are_read_as_load_pixels_does():
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 3)).astype(np.uint8)
    for resize in (Resize(8, 12), Resize(8, 12, "pad"), Resize(9, 9, "keras")):
        np.testing.assert_array_equal(resize.read(image), kerastl.load_pixels(image, resize))
        assert resize.read(image).shape == resize.shape
