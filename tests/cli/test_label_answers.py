"""What `kerastl classify` writes of a model that gives any number of labels."""

import csv
import io
import json

import keras
import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.calibration import LabelThreshold, Thresholds
from kerastl.cli import run
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata, embed_metadata
from kerastl.models._metadata import MODEL_FILE

NAMES = ("red", "green", "blue")


@pytest.fixture(scope="module")
def labels_model(tmp_path_factory):
    """A run folder whose model gives red, green and blue, each with sigmoid(10 mean - 5) of its channel.

    That is 0.9933 of a channel that is full and 0.0067 of one that is empty. Red has a threshold of 0.999, which
    nothing reaches, green has 0.5 and blue 0.001, which everything does.
    """
    pixels = keras.Input((16, 16, 3))
    means = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(pixels))
    dense = keras.layers.Dense(3, activation="sigmoid")
    model = keras.Model(pixels, dense(means), name="lights")
    dense.set_weights([10 * np.eye(3, dtype="float32"), np.full(3, -5, "float32")])
    folder = tmp_path_factory.mktemp("lights")
    model.save(folder / MODEL_FILE)
    chosen = [
        LabelThreshold(name, value, True, 1.0, 1.0, 1.0, 5, 10)
        for name, value in zip(NAMES, (0.999, 0.5, 0.001), strict=True)
    ]
    extra = {"thresholds": Thresholds("f1", "validation", tuple(chosen)).as_dict()}
    described = Metadata("lights", LabelSet(NAMES), Resize(16, 16, "crop", 1.0), None, extra, "multilabel")
    embed_metadata(folder / MODEL_FILE, described)
    return folder


@pytest.fixture
def images(tmp_path):
    """A yellow and a black image."""
    for name, color in (("yellow", (255, 255, 0)), ("black", (0, 0, 0))):
        Image.new("RGB", (20, 20), color).save(tmp_path / f"{name}.png")
    return tmp_path / "yellow.png", tmp_path / "black.png"


def answered(capfd, *arguments):
    assert run(["classify", *map(str, arguments), "--quiet"]) == 0
    return capfd.readouterr().out


def test_text_names_the_labels_that_are_given(labels_model, images, capfd):
    yellow, black = images
    lines = answered(capfd, yellow, black, "-m", labels_model).splitlines()
    assert lines == [f"{yellow}: green 99.3 %, blue 0.7 %", f"{black}: blue 0.7 %"]


def test_an_image_without_any_says_so(labels_model, images, capfd):
    _, black = images
    assert answered(capfd, black, "-m", labels_model, "--min-score", "0.5") == f"{black}: none of the labels\n"


def test_json_has_them_as_predictions(labels_model, images, capfd):
    found = json.loads(answered(capfd, *images, "-m", labels_model, "--format", "json"))
    assert [[one["label"] for one in result["predictions"]] for result in found] == [["green", "blue"], ["blue"]]
    assert found[0]["predictions"][0]["score"] == pytest.approx(1 / (1 + np.exp(-5)), abs=1e-6)


def test_csv_has_a_row_a_label_and_one_for_an_image_without(labels_model, images, capfd):
    text = answered(capfd, *images, "-m", labels_model, "--format", "csv", "--min-score", "0.5")
    rows = [(row["rank"], row["label"]) for row in csv.DictReader(io.StringIO(text))]
    assert rows == [("1", "green"), ("", "")]


def test_thresholds_go_before_the_number_of_classes_that_is_asked_for(labels_model, images):
    answer = kerastl.load(labels_model).classify(images[0], top=1)
    assert answer.labels == ("green", "blue")
    assert answer.label == "green"


def test_keywords_are_all_labels_that_are_given(labels_model, images, capfd):
    yellow, _ = images
    answered(capfd, yellow, "-m", labels_model, "--format", "xmp")
    text = yellow.with_name(f"{yellow.name}.xmp").read_text()
    assert ">green<" in text
    assert ">blue<" in text
    assert ">red<" not in text


def test_sets_of_classes_are_refused(labels_model, images, capfd):
    assert run(["classify", str(images[0]), "-m", str(labels_model), "--coverage", "0.9"]) == 2
    assert "coverage is for one class an image, and lights gives any number of labels" in capfd.readouterr().err


def test_an_older_file_is_of_classes(color_model):
    assert kerastl.load(color_model).metadata.task == "classification"
