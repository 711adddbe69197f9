"""What can be exported: models of every task, of other people, and of kerastl 0.1."""

import json
import subprocess
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest

import kerastl
from kerastl.calibration import _temperature as temperatures
from kerastl.errors import ModelError
from kerastl.exporting import EXPORT_FORMATS, ExportSource
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata, embed_metadata, resolve
from kerastl.models import _metadata as metadata_file

REDDISH = np.full((1, 32, 32, 3), (204, 0, 51), np.uint8)  # 0.8, 0 and 0.2


def answers(result):
    return EXPORT_FORMATS["litert"].open(result.files["litert"]).predict(REDDISH)[0]


def example(result, path):
    command = [sys.executable, result.output / "example_litert.py", path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_labels_each_have_a_probability(label_model, tmp_path, image):
    result = kerastl.export(label_model, "litert", tmp_path)
    # The sigmoid of 10 x - 5.
    np.testing.assert_allclose(answers(result), 1 / (1 + np.exp([-3.0, 5.0, 3.0])), atol=1e-5)
    assert example(result, image("a.png", (204, 0, 51))) == "red: 0.953\nblue: 0.047\ngreen: 0.007\n"


def test_a_number_is_a_number(number_model, tmp_path, image):
    result = kerastl.export(number_model, "litert", tmp_path)
    np.testing.assert_allclose(answers(result), [8.0], atol=1e-4)
    assert example(result, image("a.png", (204, 0, 51))) == "redness: 8\n"


def test_ordered_classes_stay_in_order(colored_model, tmp_path):
    low, high = (0.0, 3.0)
    folder = colored_model("ordinal", ("low", "high"), [[low, high]] * 3, [0.0, 0.0], "softmax")
    result = kerastl.export(folder, "litert", tmp_path)
    np.testing.assert_allclose(answers(result)[1], 1 / (1 + np.exp(-3.0)), atol=1e-5)
    assert (tmp_path / "labels.txt").read_text() == "low\nhigh\n"


@pytest.fixture
def lambda_model(tmp_path):
    """A file whose network has a layer that runs any code."""
    import keras

    pixels = keras.Input((32, 32, 3))
    means = keras.layers.Lambda(lambda values: values / 255, output_shape=(3,))(
        keras.layers.GlobalAveragePooling2D()(pixels)
    )
    keras.Model(pixels, keras.layers.Softmax()(means)).save(tmp_path / "own.keras")
    embed_metadata(tmp_path / "own.keras", Metadata("own", LabelSet(("a", "b", "c")), Resize(32, 32)))
    return tmp_path / "own.keras"


def test_layers_that_run_code_need_trust(lambda_model, tmp_path):
    with pytest.raises(ModelError, match="trust"):
        kerastl.export(lambda_model, "litert", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    result = kerastl.export(lambda_model, "litert", tmp_path / "out", trust=True)
    scores = np.exp([0.8, 0.0, 0.2])
    np.testing.assert_allclose(answers(result), scores / scores.sum(), atol=1e-5)


def test_a_temperature_outside_comes_inside(color_model, tmp_path):
    """kerastl 0.1 left the network as it was, and kept the temperature in the metadata."""
    file = tmp_path / "old.keras"
    file.write_bytes((color_model / "model.keras").read_bytes())
    described = metadata_file.read_metadata(file)
    metadata_file.update(file, replace(described, extra={"temperature": 5.0}))
    result = kerastl.export(file, "litert", tmp_path / "out")
    # Logits 8, 0, 2 divided by 5.
    scores = np.exp([8 / 5, 0.0, 2 / 5])
    np.testing.assert_allclose(answers(result), scores / scores.sum(), atol=1e-5)
    with zipfile.ZipFile(result.files["litert"]) as archive:
        stored = Metadata.from_dict(json.loads(archive.read("kerastl.json")))
    assert temperatures.inside(stored) == 5.0
    assert temperatures.to_apply(stored) == 1.0


def test_what_names_files_of_the_machine_is_left_out(color_model, tmp_path):
    file = tmp_path / "private.keras"
    file.write_bytes((color_model / "model.keras").read_bytes())
    described = metadata_file.read_metadata(file)
    metadata_file.update(file, replace(described, extra={"settings": {"model": "secret/run"}, "metrics": {}}))
    result = kerastl.export(file, "litert", tmp_path / "out")
    assert b"secret" not in result.files["litert"].read_bytes()
    with zipfile.ZipFile(result.files["litert"]) as archive:
        assert "metrics" in json.loads(archive.read("kerastl.json"))["extra"]


def test_names_that_break_lines_are_escaped(colored_model, tmp_path):
    names = ("two\nlines", "ü", "\u202eright to left")
    folder = colored_model("classification", names, np.eye(3), [0.0] * 3, "softmax")
    result = kerastl.export(folder, "litert", tmp_path)
    assert (tmp_path / "labels.txt").read_text("utf-8") == "two\\nlines\nü\n\\u202eright to left\n"
    with zipfile.ZipFile(result.files["litert"]) as archive:
        assert Metadata.from_dict(json.loads(archive.read("kerastl.json"))).labels.names == names


def test_the_network_is_compiled_once(color_model, monkeypatch):
    from kerastl.inference import _export as compiling

    def never(model):
        raise AssertionError("it was compiled before")

    monkeypatch.setattr(compiling, "to_litert", never)
    source = ExportSource(resolve(color_model))
    assert source.flatbuffer == source.flatbuffer
    assert source.flatbuffer[4:8] == b"TFL3"


def test_a_cache_that_cannot_be_used_is_done_without(color_model, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "file" / "cache"))
    assert ExportSource(resolve(color_model)).flatbuffer[4:8] == b"TFL3"


def test_random_weights_are_compiled_each_time():
    assert ExportSource(resolve("kerastl_mini", weights=None)).flatbuffer[4:8] == b"TFL3"
