"""`kerastl classify` with a model that tells a number."""

import csv
import io
import json

import keras
import numpy as np
import pytest

import kerastl
from kerastl.calibration._leave_one_out import calibrated, leave_one_out_state
from kerastl.cli import run
from kerastl.images import Resize
from kerastl.models import LabelSet, Metadata, embed_metadata


@pytest.fixture(scope="module")
def brightness_model(tmp_path_factory):
    """Tells the mean of the pixels, 0 to 255; off by 4 at most in 39 of 40 images."""
    pixels = keras.Input((16, 16, 3))
    means = keras.layers.GlobalAveragePooling2D()(pixels)
    dense = keras.layers.Dense(1)
    model = keras.Model(pixels, keras.layers.Rescaling(3.0, 0.0)(dense(means)), name="brightness")
    dense.set_weights([np.full((3, 1), 1 / 9), np.zeros(1)])
    truth = np.arange(40, dtype="float32")
    answers = (truth + np.resize([4, -2, 1], 40))[:, None]
    features = np.full((40, 3), 100.0) + np.random.default_rng(0).normal(size=(40, 3))
    state = leave_one_out_state(answers, truth, truth.astype(int), lambda n: features[n], task="regression")
    kept = calibrated(state, 1.0, task="regression")
    file = tmp_path_factory.mktemp("brightness") / "model.keras"
    model.save(file)
    metadata = Metadata("brightness", LabelSet(("light",)), Resize(16, 16), extra=kept.extra, task="regression")
    embed_metadata(file, metadata, kept.members)
    return file


def printed(capsys, *arguments):
    assert run(["classify", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_text_is_the_number_with_its_interval(brightness_model, image, capsys):
    path = image("a.png", (90, 90, 90))
    assert printed(capsys, path, "-m", brightness_model) == f"{path}: light 90.0 (86.0 to 94.0 in 90 %)\n"


def test_json_has_fields_of_the_number(brightness_model, image, capsys):
    (answer,) = json.loads(printed(capsys, image("a.png", (90, 90, 90)), "-m", brightness_model, "--format", "json"))
    answer.pop("path")
    assert answer == {
        "model": "brightness", "name": "light", "value": 90.0, "low": 86.0, "high": 94.0, "coverage": 0.9,
    }  # fmt: skip


def test_csv_has_a_row_an_image(brightness_model, image, capsys):
    text = printed(
        capsys, image("a.png", (90, 90, 90)), "-m", brightness_model, "--format", "csv", "--reject", "--coverage", "0.5"
    )
    (row,) = csv.DictReader(io.StringIO(text))
    assert {name: row[name] for name in ("name", "value", "low", "high", "coverage", "rejected")} == {
        "name": "light", "value": "90.0", "low": "88.0", "high": "92.0", "coverage": "0.5", "rejected": "0",
    }  # fmt: skip


def test_an_image_unlike_the_others_is_flagged(brightness_model, image, capsys):
    path = image("a.png", (0, 0, 200))
    text = printed(capsys, path, "-m", brightness_model, "--reject")
    assert text.startswith(f"{path}: unlike the training images (light 66.7")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--min-score", "0.5"], "--min-score is for classes, and this model tells a number"),
        (["--format", "xmp"], "--format xmp is for classes, and this model tells a number"),
        (["--coverage", "0.99"], "0.99 cannot be guaranteed from 40"),
        (["--sure", "0.9"], "has no tree of classes"),
    ],
)
def test_what_a_number_cannot_be_asked_is_refused(brightness_model, image, capsys, options, said):
    assert run(["classify", str(image("a.png", "red")), "-m", str(brightness_model), *options]) == 2
    assert said in capsys.readouterr().err


def test_python_has_value_and_interval(brightness_model, image):
    classifier = kerastl.load(brightness_model)
    answers = classifier.classify([image("a.png", (60, 60, 60)), image("b.png", (30, 60, 90))])
    assert [answer.value for answer in answers] == pytest.approx([60, 60], abs=0.1)
    assert answers[0].interval == pytest.approx((56, 64), abs=0.1)
    assert "light: a number" in repr(classifier)
    assert "light 60.0" in answers._repr_html_()
    assert classifier.classify(image("c.png", (60, 60, 60)), tta="mirror").value == pytest.approx(60, abs=0.1)
