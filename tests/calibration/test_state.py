import json
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import kerastl
from kerastl.calibration import _state as state_file
from kerastl.calibration._state import CalibrationState
from kerastl.errors import ModelError, UsageError
from kerastl.inference import ENGINES
from kerastl.inference import _export as export
from kerastl.models import _metadata as metadata

STATE = CalibrationState(np.array([0.0, 0.25]), np.eye(3, dtype=np.float16), 0.125)


@pytest.fixture
def run(color_model, tmp_path):
    """A copy of the color model's run folder, with the metadata beside the model."""
    folder = tmp_path / "run"
    shutil.copytree(color_model, folder)
    (folder / metadata.MEMBER).write_text("{}")
    return folder


def written(run, state=STATE, scale=2.0):
    file = metadata.find(run)
    state_file.write(file, metadata.read_metadata(file), state, scale, {"images": 2})
    return file


def test_what_is_stored_is_read(run):
    file = written(run)
    found = state_file.read(file)
    assert found.set_scores.tolist() == [0, 0.25]
    assert found.references.tolist() == np.eye(3).tolist()
    assert found.ood_threshold == 0.125
    assert metadata.read_metadata(file).extra == {"temperature": 2.0, "calibration": {"images": 2}}
    assert json.loads((run / metadata.MEMBER).read_text()) == metadata.read_metadata(file).as_dict()


def test_storing_again_replaces(run):
    written(run)
    file = written(run, CalibrationState(np.array([0.5])), 3.0)
    assert state_file.read(file).references is None
    assert metadata.read_metadata(file).extra["temperature"] == 3.0
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


def test_the_network_stays_byte_for_byte(run):
    def members(file):
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.startswith("kerastl")}

    file = metadata.find(run)
    before, hashed = members(file), metadata.network_sha256(file)
    assert members(written(run)) == before
    assert metadata.network_sha256(file) == hashed
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None


def test_plain_keras_still_reads_it(run):
    code = (
        "import sys, keras, numpy as np; m = keras.models.load_model(sys.argv[1]); "
        "assert 'kerastl' not in sys.modules; print(m.predict(np.zeros((1, 32, 32, 3)), verbose=0).tolist())"
    )
    done = subprocess.run([sys.executable, "-c", code, written(run)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [pytest.approx([1 / 3] * 3)]


def test_a_failure_leaves_the_old_file(run, monkeypatch):
    file = metadata.find(run)
    before = file.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    with pytest.raises(OSError, match="No space left"):
        written(run)
    assert file.read_bytes() == before
    assert sorted(path.name for path in run.iterdir()) == ["kerastl.json", "model.keras"]


def test_what_is_no_model_is_one_line(tmp_path, run):
    described = metadata.read_metadata(metadata.find(run))
    (tmp_path / "x.keras").write_text("no zip")
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        metadata.update(tmp_path / "x.keras", described)
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        metadata.network_sha256(tmp_path / "x.keras")


@pytest.mark.parametrize("engine", ENGINES.bundled)
def test_the_temperature_reaches_every_engine_without_compiling_again(run, image, monkeypatch, engine):
    written(run, scale=5.0)
    monkeypatch.setattr(export, "to_litert", None)  # compiling would fail
    classifier = kerastl.load(run, engine=engine)
    expected = np.exp(2) / (np.exp(2) + 2)
    red = image("red.png", "red")
    assert classifier.classify(red).score == pytest.approx(expected, abs=1e-5)
    assert classifier.predict_proba(red)[0, 0] == pytest.approx(expected, abs=1e-5)
    assert classifier.predict_proba(red).sum() == pytest.approx(1)
