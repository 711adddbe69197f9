import json
import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import kerastl
from kerastl import card
from kerastl.errors import ModelError, UsageError
from kerastl.runtime import export
from kerastl.trust import stored
from kerastl.trust.stored import Trust

TRUST = Trust(np.array([0.0, 0.25]), np.eye(3, dtype=np.float16), 0.125)


@pytest.fixture
def run(colour_model, tmp_path):
    """A copy of the colour model's run folder, with the card beside the model."""
    folder = tmp_path / "run"
    shutil.copytree(colour_model, folder)
    (folder / card.MEMBER).write_text("{}")
    return folder


def written(run, trust=TRUST, scale=2.0):
    file = card.find(run)
    stored.write(file, card.read(file), trust, scale, {"images": 2})
    return file


def test_what_is_stored_is_read(run):
    file = written(run)
    found = stored.read(file)
    assert found.set_scores.tolist() == [0, 0.25]
    assert found.references.tolist() == np.eye(3).tolist()
    assert found.novelty_threshold == 0.125
    assert card.read(file).extra == {"temperature": 2.0, "calibration": {"images": 2}}
    assert json.loads((run / card.MEMBER).read_text()) == card.read(file).as_dict()


def test_storing_again_replaces(run):
    written(run)
    file = written(run, Trust(np.array([0.5])), 3.0)
    assert stored.read(file).references is None
    assert card.read(file).extra["temperature"] == 3.0
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))


def test_without_references_rejection_says_so(run):
    with pytest.raises(UsageError, match="rejection was not fitted"):
        stored.read(written(run, Trust(np.array([0.5])))).novelty(np.eye(3))


def test_a_model_that_is_not_calibrated_says_so(run):
    with pytest.raises(UsageError, match="not calibrated yet"):
        stored.read(card.find(run))


def test_broken_arrays_are_one_line(run):
    file = card.find(run)
    for content in (b"", b"no arrays", b"PK\x05\x06" + bytes(18)):
        card.update(file, card.read(file), {stored.ARRAYS: content})
        with pytest.raises(ModelError, match="is broken"):
            stored.read(file)


def test_the_network_stays_byte_for_byte(run):
    def members(file):
        with zipfile.ZipFile(file) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.startswith("kerastl")}

    file = card.find(run)
    before, hashed = members(file), card.network_sha256(file)
    assert members(written(run)) == before
    assert card.network_sha256(file) == hashed
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
    file = card.find(run)
    before = file.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", fail)
    with pytest.raises(OSError, match="No space left"):
        written(run)
    assert file.read_bytes() == before
    assert sorted(path.name for path in run.iterdir()) == ["kerastl.json", "model.keras"]


def test_what_is_no_model_is_one_line(tmp_path, run):
    described = card.read(card.find(run))
    (tmp_path / "x.keras").write_text("no zip")
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        card.update(tmp_path / "x.keras", described)
    with pytest.raises(ModelError, match="cannot be read as a Keras model"):
        card.network_sha256(tmp_path / "x.keras")


@pytest.mark.parametrize("engine", ["litert", "keras"])
def test_the_temperature_reaches_every_engine_without_compiling_again(run, picture, monkeypatch, engine):
    written(run, scale=5.0)
    monkeypatch.setattr(export, "to_litert", None)  # compiling would fail
    classifier = kerastl.load(run, engine=engine)
    expected = np.exp(2) / (np.exp(2) + 2)
    red = picture("red.png", "red")
    assert classifier.classify(red).score == pytest.approx(expected, abs=1e-5)
    assert classifier.predict_proba(red)[0, 0] == pytest.approx(expected, abs=1e-5)
    assert classifier.predict_proba(red).sum() == pytest.approx(1)
