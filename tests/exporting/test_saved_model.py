"""SavedModels, as plain TensorFlow loads them."""

import json
import subprocess
import sys

import numpy as np
import pytest

import kerastl
from kerastl.models import Metadata


@pytest.fixture(scope="module")
def exported(color_model, tmp_path_factory):
    return kerastl.export(color_model, "savedmodel", tmp_path_factory.mktemp("savedmodel"))


def test_both_signatures_answer_as_keras(exported, color_model, expected_of, flat_colors):
    import tensorflow as tf

    loaded = tf.saved_model.load(str(exported.files["savedmodel"]))
    assert set(loaded.signatures) == {"serving_default", "serving_float"}
    expected = expected_of(color_model, flat_colors)
    bytes_ = loaded.signatures["serving_default"](pixels=tf.constant(flat_colors))
    floats = loaded.signatures["serving_float"](pixels=tf.constant(flat_colors.astype("float32")))
    assert list(bytes_) == list(floats) == ["probabilities"]
    np.testing.assert_allclose(bytes_["probabilities"], expected, atol=1e-6)
    np.testing.assert_allclose(floats["probabilities"], expected, atol=1e-6)


def test_labels_and_metadata_are_assets(exported):
    folder = exported.files["savedmodel"] / "assets"
    assert (folder / "labels.txt").read_text() == "red\ngreen\nblue\n"
    told = json.loads((folder / "kerastl.json").read_text())
    assert told["exported"]["format"] == "savedmodel"
    assert Metadata.from_dict(told).labels.names == ("red", "green", "blue")


def test_the_example_runs(exported, image):
    path = image("a.png", (0, 0, 255))
    program = exported.output / "example_savedmodel.py"
    done = subprocess.run([sys.executable, program, path], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("blue: 1.000\n")


def test_a_folder_with_a_file_of_others_stays(exported, color_model, tmp_path):
    kerastl.export(color_model, "savedmodel", tmp_path)
    (tmp_path / "savedmodel" / "notes.txt").write_text("mine")
    with pytest.raises(kerastl.KerastlError, match=r"notes\.txt is there, and is not what kerastl export wrote"):
        kerastl.export(color_model, "savedmodel", tmp_path)
    (tmp_path / "savedmodel" / "notes.txt").unlink()
    assert kerastl.export(color_model, "savedmodel", tmp_path).files


def test_another_folder_is_no_saved_model(tmp_path):
    from kerastl.exporting._source import ONE_THREAD
    from kerastl.inference._saved_model_engine import SavedModelEngine

    with pytest.raises(ValueError, match="is no SavedModel"):
        SavedModelEngine(tmp_path, ONE_THREAD)


def test_images_of_any_size_go_in(small_conv_model, tmp_path, image):
    import tensorflow as tf

    result = kerastl.export(small_conv_model, "savedmodel", tmp_path, with_resize=True)
    loaded = tf.saved_model.load(str(result.files["savedmodel"]))
    pixels = np.full((2, 50, 90, 3), (0, 200, 30), np.uint8)
    for name, dtype in (("serving_default", "uint8"), ("serving_float", "float32")):
        answers = loaded.signatures[name](pixels=tf.constant(pixels.astype(dtype)))["probabilities"].numpy()
        expected = kerastl.load(small_conv_model).predict_proba([pixels[0]])
        np.testing.assert_allclose(answers, np.repeat(expected, 2, 0), atol=1e-5)
    example = (tmp_path / "example_savedmodel.py").read_text()
    assert "resize(" not in example
