import base64
import dataclasses
import io
import json
import shutil
import subprocess
import sys
import zipfile

import h5py
import numpy as np
import pytest

import kerastl
from kerastl.calibration import _conformal as conformal
from kerastl.calibration import _state as state_file
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._state import CalibrationState
from kerastl.errors import ModelError, UsageError
from kerastl.inference import _export as export
from kerastl.inference._engine_registry import AUTO_ORDER
from kerastl.models import _metadata as metadata
from kerastl.models._saved import loading

STATE = CalibrationState(np.array([0.0, 0.25]), np.eye(3, dtype=np.float16), 0.125)
RED = np.full((32, 32, 3), [255, 0, 0], np.uint8)


@pytest.fixture
def run(color_model, tmp_path):
    """A copy of the color model's run folder, with the metadata beside the model."""
    folder = tmp_path / "run"
    shutil.copytree(color_model, folder)
    (folder / metadata.MEMBER).write_text("{}")
    return folder


def written(run, state=STATE, scale=2.0):
    file = metadata.find(run)
    state_file.write(file, metadata.read_metadata(file), state, scale, {"images": 2}, lambda: loading.load(file))
    return file


def calibrated_by_an_old_kerastl(run, scale):
    """Version 0.1 left the network as it was, and the temperature to whoever answers."""
    file = metadata.find(run)
    described = metadata.read_metadata(file)
    metadata.update(file, dataclasses.replace(described, extra={"temperature": scale, "calibration": {"images": 2}}))
    return file


def red_score(scale):
    """What the color model says of an image that is all red, with its logits 10, 0, 0 divided."""
    return np.exp(10 / scale) / (np.exp(10 / scale) + 2)


def test_what_is_stored_is_read(run):
    file = written(run)
    found = state_file.read(file)
    assert found.set_scores.tolist() == [0, 0.25]
    assert found.references.tolist() == np.eye(3).tolist()
    assert found.ood_threshold == 0.125
    assert (found.temperature, found.fitted_on, found.unfitted) == (2.0, "labeled images", "")
    inside = {"value": 2.0, "fitted_on": "labeled images"}
    assert metadata.read_metadata(file).extra == {"temperature_inside": inside, "calibration": {"images": 2}}
    assert json.loads((run / metadata.MEMBER).read_text()) == metadata.read_metadata(file).as_dict()


def test_storing_again_replaces(run):
    written(run)
    file = written(run, CalibrationState(np.array([0.5])), 3.0)
    assert state_file.read(file).references is None
    assert metadata.read_metadata(file).extra["temperature_inside"]["value"] == 3.0
    assert kerastl.load(run).predict_proba(RED)[0, 0] == pytest.approx(red_score(3.0), abs=1e-6)
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))


def test_without_references_rejection_says_so(run):
    with pytest.raises(UsageError, match="rejection was not fitted"):
        state_file.read(written(run, CalibrationState(np.array([0.5])))).ood_scores(np.eye(3))


def test_a_model_that_is_not_calibrated_says_so(run):
    with pytest.raises(UsageError, match="not calibrated yet"):
        state_file.read(metadata.find(run))


def test_broken_arrays_are_one_line(run):
    file = metadata.find(run)
    for content in (b"", b"no arrays", b"PK\x05\x06" + bytes(18)):
        metadata.update(file, metadata.read_metadata(file), {state_file.ARRAYS: content})
        with pytest.raises(ModelError, match="is broken"):
            state_file.read(file)


def test_two_arrays_change_and_the_rest_stays_byte_for_byte(run):
    def members(file):
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.startswith("kerastl")}

    def arrays(content):
        found = {}
        with h5py.File(io.BytesIO(content)) as opened:
            opened.visititems(lambda name, each: found.update({name: each[()]} if hasattr(each, "shape") else {}))
        return found

    file = metadata.find(run)
    before, hashed = members(file), metadata.network_sha256(file)
    assert members(written(run, scale=1.0)) == before
    assert metadata.network_sha256(file) == hashed
    after = members(written(run, scale=2.0))
    weights, scaled = arrays(before.pop("model.weights.h5")), arrays(after.pop("model.weights.h5"))
    assert after == before
    changed = [name for name in weights if weights[name].shape and not np.array_equal(weights[name], scaled[name])]
    assert [scaled[name].tolist() for name in changed] == [(5 * np.eye(3)).tolist()]  # the bias is zero
    assert metadata.network_sha256(file) != hashed
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None


def test_plain_keras_gives_the_scores_of_kerastl(run):
    code = (
        "import sys, keras, numpy as np; m = keras.models.load_model(sys.argv[1])\n"
        "assert 'kerastl' not in sys.modules\n"
        "print(m.predict(np.full((1, 32, 32, 3), [255, 0, 51]), verbose=0).tolist())"
    )
    scores = []
    for scale in (1.0, 4.0):
        done = subprocess.run(
            [sys.executable, "-c", code, written(run, scale=scale)], capture_output=True, text=True, check=True
        )
        scores.append(json.loads(done.stdout)[0])
        expected = np.exp(np.array([10, 0, 2]) / scale)
        assert scores[-1] == pytest.approx(expected / expected.sum(), abs=1e-6)
        pixels = np.full((32, 32, 3), [255, 0, 51], np.uint8)
        assert kerastl.load(run).predict_proba(pixels)[0] == pytest.approx(scores[-1], abs=1e-6)
    assert scores[0] != scores[1]


def test_a_failure_leaves_the_old_file(run, monkeypatch):
    file = metadata.find(run)
    before = file.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfileobj", fail)
    with pytest.raises(OSError, match="No space left"):
        written(run, scale=1.0)
    assert file.read_bytes() == before
    assert sorted(path.name for path in run.iterdir()) == ["kerastl.json", "model.keras"]


def test_what_is_no_model_is_one_line(tmp_path, run):
    described = metadata.read_metadata(metadata.find(run))
    (tmp_path / "x.keras").write_text("no zip")
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        metadata.update(tmp_path / "x.keras", described)
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        metadata.network_sha256(tmp_path / "x.keras")


@pytest.mark.parametrize("engine", AUTO_ORDER)
def test_what_an_old_kerastl_calibrated_answers_as_before(run, image, monkeypatch, engine):
    calibrated_by_an_old_kerastl(run, 5.0)
    monkeypatch.setattr(export, "to_litert", None)  # compiling would fail
    classifier = kerastl.load(run, engine=engine)
    red = image("red.png", "red")
    assert classifier.classify(red).score == pytest.approx(red_score(5.0), abs=1e-5)
    assert classifier.predict_proba(red)[0, 0] == pytest.approx(red_score(5.0), abs=1e-5)
    assert classifier.predict_proba(red).sum() == pytest.approx(1)


@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_calibrating_anew_what_an_old_kerastl_calibrated_scales_once(run, scale):
    calibrated_by_an_old_kerastl(run, 5.0)
    extra = metadata.read_metadata(written(run, scale=scale)).extra
    assert "temperature" not in extra
    assert extra["temperature_inside"]["value"] == scale
    assert kerastl.load(run).predict_proba(RED)[0, 0] == pytest.approx(red_score(scale), abs=1e-6)


def test_a_temperature_that_training_found_stays_below_that_of_calibrate(run):
    file = metadata.find(run)
    described = metadata.read_metadata(file)
    inside = temperature.record(0.25, "leave-one-out answers")
    metadata.update(file, dataclasses.replace(described, extra=inside))
    assert kerastl.load(run).predict_proba(RED)[0, 0] == pytest.approx(red_score(1.0), abs=1e-6)
    written(run, scale=2.0)
    assert kerastl.load(run).predict_proba(RED)[0, 0] == pytest.approx(red_score(2.0), abs=1e-6)


def test_sets_are_those_of_the_probabilities_before_the_temperature(run):
    """Without the temperature black gives a third each, and red 0.9999: the best class reaches 0.5 for red only."""
    written(run, CalibrationState(np.array([0.0, 0.5, 0.6], np.float32)), 20.0)
    classifier = kerastl.load(run)
    (red,) = classifier.classify(RED, coverage=0.5).predictions
    assert red.score == pytest.approx(red_score(20.0), abs=1e-6)  # below 0.5 with the temperature
    assert len(classifier.classify(np.zeros((32, 32, 3), np.uint8), coverage=0.5).predictions) == 2


def test_a_classifier_that_was_loaded_before_says_so(run):
    classifier = kerastl.load(run)
    written(run)
    with pytest.raises(UsageError, match="was calibrated after it was loaded: load it again"):
        classifier.classify(RED, coverage=0.5)


@pytest.mark.parametrize("wrong", [np.float64(0), np.float64(np.nan), np.array([1.0])])
def test_a_temperature_that_is_none_is_one_line(run, wrong):
    file = metadata.find(run)
    stream = io.BytesIO()
    np.savez(stream, set_scores=np.array([0.0], np.float32), temperature=wrong)
    metadata.update(file, metadata.read_metadata(file), {state_file.ARRAYS: stream.getvalue()})
    with pytest.raises(ModelError, match=r"is broken \(.*temperature.*\); run it again"):
        state_file.read(file)


@pytest.mark.parametrize("old", [False, True])
def test_an_exported_file_gives_the_sets_of_its_model(run, tmp_path, old):
    """Images of one color each, from pure to mixed, whose sets have one class or more."""
    scores = np.linspace(0, 0.9, 19).astype("float32")
    if old:
        file = calibrated_by_an_old_kerastl(run, 5.0)
        arrays = state_file.members(CalibrationState(scores, np.eye(3, dtype=np.float16), 0.125))
        metadata.update(file, metadata.read_metadata(file), arrays)
    else:
        written(run, CalibrationState(scores, np.eye(3, dtype=np.float16), 0.125), 5.0)
    exported = kerastl.export(run, "litert", tmp_path / "export").files["litert"]
    images = [np.full((32, 32, 3), color, np.uint8) for color in np.random.default_rng(0).integers(0, 256, (20, 3))]
    found, expected = (
        [[p.label for p in answer.predictions] for answer in kerastl.load(model).classify(images, coverage=0.9)]
        for model in (exported, run)
    )
    assert found == expected
    assert len(set(map(len, found))) > 1
    state = state_file.read(exported)
    assert (state.references, state.temperature, len(state.set_scores)) == (None, 5.0, 19)


def test_broken_arrays_in_an_exported_file_are_one_line(tmp_path):
    from exported_files import METADATA, described, write_litert

    broken = dataclasses.replace(METADATA, extra={state_file.EXPORTED_ARRAYS: "?"})
    file = write_litert(tmp_path / "a.tflite", b"\x1c\0\0\0TFL3" + bytes(20), described(broken))
    with pytest.raises(ModelError, match=r"a\.tflite: what kerastl calibrate stored is broken"):
        state_file.read(file)


def test_of_many_scores_an_exported_file_keeps_some_whose_sets_are_no_smaller(run, monkeypatch):
    monkeypatch.setattr(state_file, "_MOST_EXPORTED", 10)
    scores = np.linspace(0, 1, 95).astype("float32")
    (text,) = state_file.for_export(written(run, CalibrationState(scores)), 2.0).values()
    with np.load(io.BytesIO(base64.b64decode(text))) as found:
        kept = found["set_scores"]
    assert kept.tolist() == scores[9::10].tolist()
    assert conformal.threshold(kept, 0.8) >= conformal.threshold(scores, 0.8)
