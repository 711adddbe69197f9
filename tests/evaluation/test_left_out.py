"""Evaluating a model on the images that it was trained on, by what its run has kept of each left out."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.errors import DataError, ModelError
from kerastl.evaluation import write_predictions
from kerastl.finetuning._folder import LEAVE_ONE_OUT
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.reporting import render

RIDGE = Recipe("ridge", (Phase(solver="ridge"),), dropout=0.0)


@pytest.fixture(scope="module")
def noise(tmp_path_factory):
    """Thirty images of three colors, so noisy that some are mistaken, and one that is broken."""
    folder = tmp_path_factory.mktemp("noise")
    random = np.random.default_rng(0)
    for channel, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir()
        for number in range(10):
            pixels = random.integers(0, 236, (32, 32, 3))
            pixels[:, :, 2 - channel] += random.integers(0, 20)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")
    (folder / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    return folder


@pytest.fixture(scope="module")
def run(noise, tmp_path_factory):
    output = tmp_path_factory.mktemp("runs") / "run"
    return kerastl.finetune(noise, "kerastl_mini", RIDGE, output=output, verbose=0)


@pytest.fixture(scope="module")
def found(run, noise):
    return kerastl.evaluate(run.folder, noise, verbose=0)


def test_the_figures_are_those_of_the_run(run, found):
    assert found.leave_one_out
    assert len(found) == 30
    assert found.accuracy == run.metrics["loo_accuracy"] < 1
    assert found.figures["log_loss"].value == pytest.approx(run.metrics["loo_loss"])
    assert list(found.failed) == ["red/broken.png"]
    assert "(train, by leave-one-out)" in str(found)
    assert "each was answered by a head that was solved without it" in " ".join(found.notes)
    assert json.loads(json.dumps(found.as_dict()))["leave_one_out"] is True


def test_it_can_be_reported_as_any_other(found, tmp_path):
    write_predictions(found, tmp_path / "predictions.csv")
    assert len((tmp_path / "predictions.csv").read_text().splitlines()) == 32
    page = render(found, mistakes=1, check=False)
    assert "train, by leave-one-out" in page
    assert "Left out of its training, the model is right on" in page
    assert "Leave-one-out</th>" in page  # beside the loss and the accuracy of the training
    assert found.mistakes(1)[0].path in page


def test_the_images_may_lie_elsewhere_under_other_names(run, found, noise, tmp_path):
    shutil.copytree(noise / "red", tmp_path / "red")
    for name in ("blue", "green"):
        (tmp_path / name).mkdir()
        for number in range(10):
            shutil.copy(noise / name / f"{number}.png", tmp_path / name / f"other{number}.png")
    again = kerastl.evaluate(run.folder, tmp_path, verbose=0)
    assert again.leave_one_out
    assert again.accuracy == found.accuracy


def test_answers_of_the_model_itself_are_said_to_flatter(run, noise):
    own = kerastl.evaluate(run.folder, noise, "train", verbose=0)
    assert not own.leave_one_out
    assert own.accuracy == 1
    notes = " ".join(own.notes)
    assert "flatter the model" in notes
    assert f"by leave-one-out {100 * run.metrics['loo_accuracy']:.1f} % of the training images are right" in notes


def test_new_images_are_what_one_wants_to_know_of(run, noise, tmp_path):
    shutil.copytree(noise, tmp_path / "more")
    Image.new("RGB", (32, 32), "red").save(tmp_path / "more" / "red" / "new.png")
    with_new = kerastl.evaluate(run.folder, tmp_path / "more", verbose=0)
    assert not with_new.leave_one_out
    assert with_new.paths == ("red/new.png",)


def test_without_kept_answers_all_is_as_before(run, noise, tmp_path):
    for name in ("model.keras", "kerastl.json"):
        shutil.copy(run.folder / name, tmp_path / name)
    with pytest.raises(DataError, match="not one image can be read"):
        kerastl.evaluate(tmp_path, noise, verbose=0)
    (tmp_path / LEAVE_ONE_OUT).write_bytes(b"broken")
    with pytest.raises(ModelError, match="its leave-one-out answers cannot be read"):
        kerastl.evaluate(tmp_path, noise, verbose=0)


def test_the_run_is_calibrated_when_it_ends(run, noise):
    classifier = kerastl.load(run.folder)
    answer = classifier.classify(noise / "red" / "0.png", coverage=0.9, reject=True)
    assert answer.predictions
    assert "calibrated by leave-one-out" in (run.folder / "README.md").read_text()
    assert "kerastl calibrate" not in (run.folder / "README.md").read_text()


def test_calibrating_takes_the_kept_answers_and_leaves_the_network_alone(run, found, noise, tmp_path):
    folder = shutil.copytree(run.folder, tmp_path / "run")
    calibration = kerastl.calibrate(folder, noise, false_alarms=0.2, verbose=0)
    assert (calibration.images, calibration.split) == (30, "train, by leave-one-out")
    assert calibration.log_loss[1] == pytest.approx(found.figures["log_loss"].value)
    assert calibration.calibration_error[1] == pytest.approx(found.figures["calibration_error"].value)
    assert calibration.references == 30
    classifier = kerastl.load(folder)
    rejected = [bool(classifier.classify(noise / path, reject=True).rejected) for path in found.paths]
    assert not any(rejected)  # each is among the references itself
    again = kerastl.evaluate(folder, noise, verbose=0)
    np.testing.assert_array_equal(again.probabilities, found.probabilities)
    own = [kerastl.evaluate(one, noise, "train", verbose=0).probabilities for one in (run.folder, folder)]
    np.testing.assert_array_equal(*own)


def test_calibrating_on_other_images_scales_the_kept_answers_too(run, found, tmp_path):
    import keras

    folder = shutil.copytree(run.folder, tmp_path / "run")
    random = np.random.default_rng(1)
    for name in ("blue", "green", "red"):  # of no color, so that no score is worth anything
        (tmp_path / "gray" / name).mkdir(parents=True)
        for number in range(20):
            pixels = random.integers(0, 256, (32, 32, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "gray" / name / f"{number}.png")
    before = kerastl.load(folder).predict_pixels(pixels[None])
    scale = kerastl.calibrate(folder, tmp_path / "gray", verbose=0).temperature
    assert scale > 1.1
    again = kerastl.evaluate(folder, found.data, verbose=0)
    assert again.temperature == scale
    after = kerastl.load(folder).predict_pixels(pixels[None])
    for now, then in ((again.probabilities, found.probabilities), (after, before)):
        powers = then.astype(np.float64) ** (1 / scale)
        assert now == pytest.approx(powers / powers.sum(axis=1, keepdims=True), abs=1e-5)
    plain = keras.models.load_model(folder / "model.keras").predict(pixels[None].astype("float32"), verbose=0)
    assert after == pytest.approx(plain, abs=1e-5)
