"""The folder for the Hugging Face Hub: who can load what is in it."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import kerastl
from kerastl.cli import run
from kerastl.models import read_metadata
from kerastl.models._metadata import update

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pushed(color_model, tmp_path_factory):
    """`color_model` in such a folder."""
    return kerastl.export(color_model, "huggingface", tmp_path_factory.mktemp("hub")).files["huggingface"]


def red():
    pixels = np.zeros((1, 32, 32, 3), np.float32)
    pixels[..., 0] = 255
    return pixels


# exp(10) / (exp(10) + 2) and 1 / (exp(10) + 2)
EXPECTED = np.array([[0.99990921, 4.5396e-05, 4.5396e-05]])


def test_what_is_in_it(pushed):
    assert {path.name for path in pushed.iterdir()} == {
        "README.md", "model.keras", "config.json", "metadata.json", "model.weights.h5", "labels.txt", "kerastl.json",
        "preprocessor_config.json",
    }  # fmt: skip
    assert (pushed / "labels.txt").read_text() == "red\ngreen\nblue\n"
    told = json.loads((pushed / "kerastl.json").read_text())
    assert told["labels"] == ["red", "green", "blue"]
    assert told["exported"]["format"] == "huggingface"
    assert (pushed / "README.md").read_text().startswith('---\nlicense: "unknown"\nlibrary_name: "keras"\n')


@pytest.mark.parametrize("name", ["model.keras", ""])
def test_plain_keras_loads_the_file_and_the_folder(pushed, name):
    """The folder as `hf://` gives it: Keras reads config.json and model.weights.h5 in it."""
    import keras

    model = keras.saving.load_model(pushed / name)
    np.testing.assert_allclose(model.predict_on_batch(red()), EXPECTED, atol=1e-6)


def test_kerastl_loads_the_folder_wherever_it_lies(pushed, image, tmp_path, capsys):
    moved = shutil.copytree(pushed, tmp_path / "moved")
    assert run(["classify", str(image("a.png", "red")), "--model", str(moved), "--top", "1"]) == 0
    assert "red 100.0 %" in capsys.readouterr().out


def test_preprocessing_in_the_words_of_the_hub(pushed):
    told = json.loads((pushed / "preprocessor_config.json").read_text())
    assert told["size"] == {"height": 32, "width": 32}
    assert (told["do_center_crop"], told["crop_pct"], told["resample"]) == (True, 1.0, 3)
    assert not told["do_rescale"]
    assert not told["do_normalize"]


def test_a_published_network_is_saved(tmp_path):
    pushed = kerastl.export("kerastl_mini", "huggingface", tmp_path).files["huggingface"]
    classifier = kerastl.load(pushed, engine="keras")
    assert len(classifier.labels) == 200
    assert classifier.classify(ROOT / "data" / "umbrella.png").label == "umbrella"


def test_nothing_of_the_machine_that_trained_goes_along(color_model, tmp_path):
    """The settings of training may name its folders."""
    folder = shutil.copytree(color_model, tmp_path / "run")
    before = read_metadata(folder / "model.keras")
    extra = {"settings": {"model": "/home/someone/secret.keras"}, "recipe": {"name": "probe"}}
    update(folder / "model.keras", replace(before, extra=extra))
    pushed = kerastl.export(folder, "huggingface").files["huggingface"]
    assert read_metadata(pushed / "model.keras") == replace(before, extra={"recipe": {"name": "probe"}})
    assert not [file.name for file in pushed.iterdir() if b"secret" in file.read_bytes()]
