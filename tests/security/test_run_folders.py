"""Run folders that somebody else prepared: pipes, links, names that lead out, arrays that unpack to more."""

import hashlib
import io
import json
import os
import threading
import zipfile

import numpy as np
import pytest

from kerastl.errors import KerastlError, StateError
from kerastl.training._callback import RunCallback
from kerastl.training._checkpoint import FORMAT, Checkpoint
from kerastl.training._feature_store import ARRAY, LIST, FeatureStore
from kerastl.training._lock import LOCK
from kerastl.training._readme import README
from kerastl.training._run_folder import MARKER, RunFolder, RunKind

KIND = RunKind("finetune", ("model.keras", "metrics.json"), "model.keras", lambda contents: False)
pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")


def soon(work):
    """What something raises or returns, if it does not wait for ever."""
    answers = []

    def run():
        try:
            answers.append(work())
        except Exception as error:
            answers.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(10)
    assert answers, "it waits for ever"
    return answers[0]


def sealed(folder, **state):
    state = {"format": FORMAT, "files": {}, "values": {}, **state}
    digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()
    (folder / "state.json").write_text(json.dumps({**state, "hash": digest}))
    return Checkpoint(folder)


@pipes
@pytest.mark.parametrize("name", [MARKER, "metrics.json", "state/state.json", LOCK, README])
def test_no_pipe_is_waited_for(tmp_path, name):
    (tmp_path / "state").mkdir()
    (tmp_path / MARKER).write_text(json.dumps({"kind": "finetune"}))
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)

    def begin(**how):
        with RunFolder(tmp_path, KIND).opened(**how):
            return "begun"

    for how in ({"resume": True, "overwrite": False}, {"resume": False, "overwrite": True}):
        answer = soon(lambda how=how: begin(**how))
        assert answer == "begun" or isinstance(answer, KerastlError)


@pipes
def test_no_pipe_is_waited_for_among_arrays_and_features(tmp_path):
    os.mkfifo(tmp_path / "1-weights.npz")
    checkpoint = sealed(tmp_path, files={"weights": "1-weights.npz"})
    assert "it is no file" in str(soon(lambda: checkpoint.arrays("weights")))
    for name in (ARRAY, LIST):
        folder = tmp_path / f"of {name}"
        folder.mkdir()
        np.save(folder / ARRAY, np.zeros((2, 3), np.float32))
        (folder / name).unlink(missing_ok=True)
        os.mkfifo(folder / name)
        store = soon(lambda folder=folder: FeatureStore(folder, 2, np.dtype("f4"), (3,), RunCallback()))
        assert store.result == []


@pytest.mark.parametrize(
    "state",
    [
        {"files": {"weights": "../1-weights.npz"}},
        {"files": {"weights": "/etc/passwd"}},
        {"files": {"weights": "1-weights.npz\n"}},
        {"files": {"weights": 1}},
        {"files": []},
        {"files": None},
        {"values": [1]},
        {"values": "x"},
    ],
)
def test_a_state_names_files_of_its_own_folder_only(tmp_path, state):
    folder = tmp_path / "state"
    folder.mkdir()
    np.savez(tmp_path / "1-weights.npz", np.zeros(3))
    checkpoint = sealed(folder, **state)
    for read in (checkpoint.load, lambda: checkpoint.arrays("weights")):
        with pytest.raises(StateError, match="its content is not what was written"):
            read()


def test_arrays_do_not_unpack_to_more_than_they_hold(tmp_path):
    with zipfile.ZipFile(tmp_path / "1-weights.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        array = io.BytesIO()
        np.save(array, np.zeros(1 << 20))
        archive.writestr("arr_0.npy", array.getvalue())
    with pytest.raises(StateError, match="more than it holds"):
        sealed(tmp_path, files={"weights": "1-weights.npz"}).arrays("weights")


def test_a_state_has_a_limit(tmp_path):
    with (tmp_path / "state.json").open("wb") as file:
        file.truncate(1 << 33)  # sparse
    with pytest.raises(StateError, match="longer than"):
        Checkpoint(tmp_path).load()
