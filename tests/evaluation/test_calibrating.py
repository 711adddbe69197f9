"""Calibration of the color model on images whose ood_score and scores one can work out."""

import json
import math
import shutil

import numpy as np
import pytest
from scipy.special import softmax

import kerastl
from kerastl.calibration import _state as state_file
from kerastl.calibration import _temperature as temperature
from kerastl.errors import DataError, ModelError, UsageError
from kerastl.evaluation import calibrate, evaluate
from kerastl.models import _metadata as metadata

# How much green the validation images have beside pure red or blue.
GREENS = range(0, 100, 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """train: pure red, pure blue; val: twenty of each with more and more green, and three of "red" that are blue."""
    from PIL import Image

    root = tmp_path_factory.mktemp("reds-and-blues")

    def save(name, color):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (32, 32), color).save(path)

    save("train/red/1.png", (255, 0, 0))
    save("train/blue/1.png", (0, 0, 255))
    for green in GREENS:
        save(f"val/red/{green:02}.png", (255, green, 0))
        save(f"val/blue/{green:02}.png", (0, green, 255))
    for number in range(3):
        save(f"val/red/x{number}.png", (0, 0, 255))
    return root


@pytest.fixture(scope="module")
def calibrated(color_model, folder, tmp_path_factory):
    """A calibrated copy of the color model's run folder, and what was fitted."""
    run = tmp_path_factory.mktemp("runs") / "run"
    shutil.copytree(color_model, run)
    return run, calibrate(run, folder)


def color(*channels):
    return np.full((32, 32, 3), channels, np.uint8)


def ood_score(green):
    return 1 - 255 / math.hypot(255, green)


def test_what_was_fitted(calibrated):
    run, found = calibrated
    assert (found.split, found.images, found.references) == ("val", 43, 2)
    assert found.most_coverage == pytest.approx(43 / 44)
    # The ceil(44 * 0.95) = 42nd of 43: of pairs with the same green, that is the larger of the most green.
    assert found.ood_threshold == pytest.approx(ood_score(95), abs=1e-6)
    assert found.temperature > 2  # three mistakes that the model is sure of
    assert found.log_loss[1] < found.log_loss[0]
    inside = metadata.read_metadata(metadata.find(run)).extra["temperature_inside"]
    assert inside == {"value": found.temperature, "fitted_on": "labeled images"}
    assert "temperature" in str(found)
    json.dumps(found.as_dict())


def test_scores_are_scaled_from_then_on(calibrated):
    run, found = calibrated
    expected = softmax(np.array([10, 0, 0]) / found.temperature)[0]
    assert kerastl.load(run).classify(color(255, 0, 0)).score == pytest.approx(expected, abs=1e-5)


def test_images_unlike_the_training_are_rejected(calibrated):
    run, _ = calibrated
    images = [color(255, 0, 0), color(90, 0, 0), color(255, 90, 0), color(255, 100, 0), color(0, 255, 0)]
    found = kerastl.load(run).classify(images, reject=True)
    expected = [0, 0, ood_score(90), ood_score(100), 1]
    assert [answer.ood_score for answer in found] == pytest.approx(expected, abs=1e-5)
    assert [answer.rejected for answer in found] == [False, False, False, True, True]
    assert found[4].as_dict()["rejected"] is True
    assert str(found[4]).startswith("none of these (closest: green ")


def test_sets_hold_as_many_classes_as_the_coverage_takes(calibrated):
    run, _ = calibrated
    classifier = kerastl.load(run)
    # 40 of 43 scores are 0: up to ceil(44 c) = 40 the set is the best class alone.
    unsure = color(255, 0, 200)
    (single,) = classifier.classify(unsure, coverage=0.9).predictions
    assert single.label == "red"
    # From then on the threshold is the probability of blue where red is right: 0.99990921.
    pair = classifier.classify([unsure], coverage=0.95)[0]
    assert [prediction.label for prediction in pair.predictions] == ["red", "blue"]
    assert pair.as_dict()["coverage"] == 0.95
    both = classifier.classify(unsure, coverage=0.95, reject=True)
    assert both.predictions == pytest.approx(pair.predictions)
    assert both.rejected is True


def test_a_coverage_that_cannot_be_had_is_said_before_any_image_is_read(calibrated):
    classifier = kerastl.load(calibrated[0])
    with pytest.raises(UsageError, match=r"0\.99 cannot be guaranteed from 43 calibration images"):
        classifier.classify(iter(["missing.png"]), coverage=0.99)


def test_a_model_that_is_not_calibrated_says_so(color_model):
    for asked in ({"coverage": 0.9}, {"reject": True}):
        with pytest.raises(UsageError, match="not calibrated yet; do that with kerastl calibrate"):
            kerastl.load(color_model).classify(color(255, 0, 0), **asked)


def test_calibrating_again_gives_the_same(calibrated, folder):
    run, found = calibrated
    before = metadata.network_sha256(metadata.find(run))
    again = calibrate(run, folder)
    assert (again.images, again.references, again.notes) == (found.images, found.references, found.notes)
    assert again.temperature == pytest.approx(found.temperature, rel=1e-5)
    assert again.log_loss == pytest.approx(found.log_loss, rel=1e-5)
    assert metadata.network_sha256(metadata.find(run)) == before


def test_one_classifier_that_calibrates_twice_divides_once(color_model, folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    classifier = kerastl.load(run)
    found = calibrate(classifier, folder)
    assert calibrate(classifier, folder).temperature == found.temperature
    expected = softmax(np.array([10, 0, 0]) / found.temperature)[0]
    assert kerastl.load(run).classify(color(255, 0, 0)).score == pytest.approx(expected, abs=1e-5)


def test_a_temperature_that_does_not_help_is_not_used(color_model, tmp_path, image):
    """One mistake among few: without its fold no temperature is low enough, with it every one is too high."""
    for number in range(20):
        image(f"data/red/{number:02}.png", "red")
        image(f"data/blue/{number:02}.png", "blue")
    image("data/red/wrong.png", (100, 0, 104))
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    found = calibrate(run, tmp_path / "data")
    assert found.temperature == 1
    assert found.log_loss[0] == found.log_loss[1]
    assert any("scores stay as they are" in note for note in found.notes)


def test_rejection_needs_training_images(color_model, folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    found = calibrate(run, folder / "val")
    assert (found.split, found.images, found.references, found.ood_threshold) == ("all", 43, 0, None)
    assert any("rejection was not fitted" in note for note in found.notes)
    with pytest.raises(UsageError, match="rejection was not fitted"):
        kerastl.load(run).classify(color(255, 0, 0), reject=True)
    assert kerastl.load(run).classify(color(255, 0, 0), coverage=0.9).label == "red"


def test_rejection_needs_enough_images_for_its_rate(color_model, folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    found = calibrate(run, folder, false_alarms=0.01)
    assert found.references == 0
    assert any("0.99 cannot be guaranteed from 43" in note for note in found.notes)
    assert state_file.read(metadata.find(run)).references is None


def test_images_of_the_training_are_left_out(color_model, folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    found = calibrate(run, folder, "all")
    assert found.images == 43
    assert "2 images of the train part are left out" in found.notes
    with pytest.raises(DataError, match=r"trained on each of these images \(2\): take others"):
        calibrate(run, folder, "train")
    with pytest.raises(UsageError, match="false_alarms must be between 0 and 1"):
        calibrate(run, folder, false_alarms=1.0)


def test_published_networks_are_refused_before_they_are_fetched(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(UsageError, match="only what you fine-tuned can be calibrated"):
        calibrate("mobilenet_v2", folder)


def test_an_evaluation_shows_before_and_after(calibrated, folder):
    run, found = calibrated
    result = evaluate(run, folder)
    values = result.as_dict()
    assert values["temperature"] == found.temperature
    assert values["calibration_error_before_temperature"] == pytest.approx(found.calibration_error[0], abs=1e-5)
    assert result.figures["calibration_error"].value == result.reliability.error
    assert any("was calibrated on these images" in note for note in result.notes)
    assert not any("calibrated on these" in note for note in evaluate(run, folder, "train").notes)


def test_images_of_other_things(calibrated, folder, tmp_path, image):
    for number, channels in enumerate([(0, 255, 0), (255, 255, 255), (255, 100, 0), (255, 0, 0)]):
        image(f"others/deep/{number}.png", channels)
    (tmp_path / "others" / "broken.jpg").write_text("no image")
    found = evaluate(calibrated[0], folder, ood_data=tmp_path / "others").rejection
    assert (found.images, found.detected, found.false_alarms) == (4, 0.75, 0)
    # Pure red is as near as the 5 of 43 that are pure, which count half, and nearer than the 38 others.
    assert found.auroc == pytest.approx((3 + 2.5 / 43) / 4)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no image in it"):
        evaluate(calibrated[0], folder, ood_data=tmp_path / "empty")


def test_accuracy_under_corruptions(calibrated, folder):
    found = evaluate(calibrated[0], folder, corruptions=True).robustness
    assert found.clean == pytest.approx(40 / 43)
    # These leave the strongest channel the strongest in images of one color.
    for name in ("blur", "contrast", "pixelation", "rotation"):
        assert found.accuracy[name] == pytest.approx([40 / 43] * 5)
    values = found.as_dict()
    assert values["mean"] == pytest.approx(np.mean([row["mean"] for row in values["corruptions"].values()]))


def test_images_of_one_class_fit_no_temperature(color_model, tmp_path, image):
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    for green in range(0, 200, 10):
        image(f"data/red/{green:03}.png", (255, green, 0))
    image("data/red/wrong.png", (0, 0, 255))
    found = calibrate(run, tmp_path / "data")
    assert (found.images, found.temperature) == (21, 1)
    assert found.log_loss[0] == found.log_loss[1]
    assert any("of one class ('red'): no temperature is fitted" in note for note in found.notes)


@pytest.mark.parametrize(
    ("part", "options", "reason"),
    [("", {"false_alarms": 0.01}, r"0\.99 cannot be guaranteed from 43 calibration images.*with more images"),
     ("val", {}, "val holds no training images, which it compares with; calibrate with the folder")],
)  # fmt: skip
def test_classify_says_why_rejection_was_not_fitted(color_model, folder, tmp_path, part, options, reason):
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    calibrate(run, folder / part, **options)
    with pytest.raises(UsageError, match=f"rejection was not fitted by kerastl calibrate: .*{reason}"):
        kerastl.load(run).classify(color(255, 0, 0), reject=True)


def test_a_reason_is_shown_on_one_line(tmp_path):
    state = state_file.CalibrationState(np.zeros(3), unfitted="a\x1b[31m\nb" + 1000 * "c")
    with pytest.raises(UsageError, match=r"a\\x1b\[31m\\nbc"):
        state.check_rejection()


def test_one_network_is_compiled(color_model, folder, tmp_path, monkeypatch):
    from kerastl.inference import _export as export

    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))
    shutil.copytree(color_model, tmp_path / "run")
    compiled, compile_one = [], export.to_litert
    monkeypatch.setattr(export, "to_litert", lambda model: compiled.append(model.output_shape) or compile_one(model))
    calibrate(tmp_path / "run", folder)
    assert compiled == [(None, 3 + 3)]  # three classes, and the three features that they are decided by


def test_what_gives_no_probabilities_is_refused(folder, tmp_path):
    import keras

    from kerastl.images import Resize
    from kerastl.models import LabelSet

    pixels = keras.Input((32, 32, 3))
    scores = keras.layers.Dense(3)(keras.layers.GlobalAveragePooling2D()(pixels))
    keras.Model(pixels, scores).save(tmp_path / "model.keras")
    described = metadata.Metadata("scores", LabelSet(("red", "green", "blue")), Resize(32, 32, "crop", 1.0))
    metadata.embed_metadata(tmp_path / "model.keras", described)
    with pytest.raises(ModelError, match=r"no probabilities.*only a network that ends in a softmax can be calibrated"):
        calibrate(tmp_path / "model.keras", folder)


def test_the_network_that_was_compiled_before_is_not_taken_for_the_calibrated_one(color_model, folder, tmp_path):
    """The compiled copies of both are there, each under its own name; and features come out of the calibrated one."""
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    before = kerastl.load(run).classify(color(255, 0, 0)).score
    found = calibrate(run, folder)
    expected = softmax(np.array([10, 0, 0]) / found.temperature)[0]
    assert before == pytest.approx(softmax([10, 0, 0])[0], abs=1e-6)
    for engine in ("litert", "keras"):
        classifier = kerastl.load(run, engine=engine)
        assert classifier.classify(color(255, 0, 0)).score == pytest.approx(expected, abs=1e-6)
        assert classifier.classify(color(255, 0, 0), reject=True).score == pytest.approx(expected, abs=1e-6)


def test_a_model_that_leave_one_out_has_calibrated_says_so_where_all_images_trained(color_model, folder, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(color_model, run)
    file = metadata.find(run)
    described = metadata.read_metadata(file)
    described.extra.update(temperature.record(0.1, "leave-one-out answers"))
    metadata.update(file, described)
    with pytest.raises(DataError, match="take others; its scores were calibrated by leave-one-out when it was trained"):
        calibrate(run, folder, "train")
    assert calibrate(run, folder).temperature > 2
