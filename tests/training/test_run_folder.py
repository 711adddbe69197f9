"""Whose folder it is, and what of it may go."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from kerastl.errors import TrainingError, UsageError
from kerastl.finetuning._folder import FineTuningFolder
from kerastl.pretraining import _outputs as outputs
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import store_key
from kerastl.training._run_folder import MARKER, RunFolder

KEY = store_key("w", {}, {}, "float32")


class Warnings(RunCallback):
    def __init__(self):
        self.said = []

    def warn(self, text):
        self.said.append(text)


def finetuning(path, callback=None):
    return FineTuningFolder(path, callback)


def pretraining(path, callback=None):
    return RunFolder(path, outputs.KIND, callback)


def use(folder, *, resume=False, overwrite=False):
    with folder.opened(resume=resume, overwrite=overwrite) as going_on:
        return going_on


def fill(path, *names):
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text("content")


@pytest.fixture
def run(tmp_path):
    """A run of fine-tuning that was stopped, with features."""
    folder = finetuning(tmp_path / "run")
    with folder.opened(resume=False, overwrite=False):
        folder.checkpoint.save({"settings": {}}, {"now": [np.zeros(2)]})
        folder.manifest.write({})
        fill(folder.path, "model.keras", "metrics.json", f"features/{KEY}/features.npy", f"features/{KEY}/rows.txt")
        fill(folder.path, f"features/{KEY}-float32/rows.txt", "features/boundary.tflite")
    return folder.path


def names(path):
    return sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir())


def test_a_new_folder_is_marked_and_given_back(tmp_path):
    assert use(finetuning(tmp_path / "a" / "run")) is False
    assert names(tmp_path / "a" / "run") == [MARKER]
    assert json.loads((tmp_path / "a" / "run" / MARKER).read_text())["kind"] == "finetune"
    # What has come to nothing may be begun again, by whatever command.
    assert use(finetuning(tmp_path / "a" / "run")) is False
    assert use(pretraining(tmp_path / "a" / "run")) is False
    assert use(pretraining(tmp_path / "a" / "run"), resume=True) is False


def broken_off(path, *written):
    with finetuning(path).opened(resume=False, overwrite=False):
        fill(path, *written)
        raise TrainingError("broken off")


def test_what_was_refused_leaves_no_folder_behind(tmp_path):
    (tmp_path / "there").mkdir()
    for place in ("a/b/run", "there", "there/run"):
        with pytest.raises(TrainingError):
            broken_off(tmp_path / place)
    assert [path.name for path in tmp_path.rglob("*")] == ["there"]
    with pytest.raises(TrainingError):
        broken_off(tmp_path / "run", "history.csv")
    assert names(tmp_path / "run") == [MARKER, "history.csv"]


def test_a_folder_without_a_run_has_none_to_resume(tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("new", "empty"):
        with pytest.raises(UsageError, match=rf"{name}: there is no run to resume; without --resume one begins"):
            use(finetuning(tmp_path / name), resume=True)
    assert names(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_run_is_resumed_or_overwritten_when_that_is_asked_for(run):
    with pytest.raises(UsageError, match=r"run is not empty: --resume goes on with the run in it, --overwrite"):
        use(finetuning(run))
    assert use(finetuning(run), resume=True) is True
    assert use(finetuning(run), overwrite=True) is False
    assert names(run) == [MARKER]
    assert [path.name for path in run.iterdir()] == [MARKER]


@pytest.mark.parametrize("asked", [{}, {"resume": True}, {"overwrite": True}])
def test_commands_leave_each_others_runs_alone(run, asked):
    before = names(run)
    with pytest.raises(UsageError, match="holds a run of kerastl finetune, which kerastl pretrain leaves alone"):
        use(pretraining(run), **asked)
    assert names(run) == before


@pytest.mark.parametrize(
    "others",
    [
        ["thesis.txt"],
        ["state/dog.jpg", "features/cat.jpg"],
        ["features/a/features.npy"],
        ["curves.png", "history.csv", "model.keras", "split.csv"],
        ["metrics.json", "kerastl.json", "pretraining.json", "state/state.json"],
        [".git/HEAD", "model.keras"],
    ],
)
def test_what_is_no_run_is_never_overwritten(tmp_path, others):
    fill(tmp_path / "mine", *others)
    for folder in (finetuning(tmp_path / "mine"), pretraining(tmp_path / "mine")):
        with pytest.raises(UsageError, match=r"holds files but no run of kerastl .*; it is not overwritten"):
            use(folder, overwrite=True)
        with pytest.raises(UsageError, match="holds no run to resume"):
            use(folder, resume=True)
        with pytest.raises(UsageError, match="is not empty, and holds no run"):
            use(folder)
    assert names(tmp_path / "mine") == sorted(others)


def test_only_names_of_kerastls_go(run):
    theirs = ["notes.txt", "model.keras.bak", "state/dog.jpg", "state/x.npz", "features/cat/1.jpg",
              "features/numbers/features.npy", f"features/{KEY}/mine.txt", "data/cat/1.jpg"]  # fmt: skip
    fill(run, *theirs, ".123-0a1b2c3d.model.keras")
    warnings = Warnings()
    use(finetuning(run, warnings), overwrite=True)
    assert names(run) == sorted([MARKER, *theirs])
    assert [f"{run / name} holds files that kerastl did not make; they stay" for name in ("state", "features")] == (
        warnings.said
    )


def test_the_end_of_a_run_takes_away_what_only_a_run_needs(run):
    folder = finetuning(run)
    assert not folder.finished
    fill(run, "state/mine.txt")
    folder.close(keep_features=True)
    assert folder.finished
    assert names(run) == [
        MARKER, f"features/{KEY}-float32/rows.txt", f"features/{KEY}/features.npy", f"features/{KEY}/rows.txt",
        "features/boundary.tflite", "metrics.json", "model.keras", "state/mine.txt",
    ]  # fmt: skip
    folder.close(keep_features=False)
    assert names(run) == [MARKER, "metrics.json", "model.keras", "state/mine.txt"]


@pytest.mark.skipif(os.name == "nt", reason="Windows lets few people make links")
def test_links_are_not_followed(run, tmp_path):
    fill(tmp_path / "elsewhere", "model.keras", f"{KEY}/features.npy", "state.json")
    (run / "model.keras").unlink()
    (run / "model.keras").symlink_to(tmp_path / "elsewhere" / "model.keras")
    (run / "features" / "0123456789abcdef").symlink_to(tmp_path / "elsewhere" / KEY, target_is_directory=True)
    use(finetuning(run), overwrite=True)
    assert not (run / "model.keras").is_symlink()
    for name in ("state", "features", MARKER):
        (run / "metrics.json").write_text("{}")
        if (run / name).is_dir():
            for inner in (run / name).iterdir():
                inner.unlink()
            (run / name).rmdir()
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(tmp_path / "elsewhere", target_is_directory=True)
        for asked in ({"overwrite": True}, {"resume": True}, {}):
            with pytest.raises(UsageError, match=f"{name} is a link, which kerastl does not make"):
                use(finetuning(run), **asked)
        (run / name).unlink()
    assert len(names(tmp_path / "elsewhere")) == 3


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"kind": 3}', '{"kind": null}', "nonsense"])
def test_a_mark_that_says_nothing_is_none(run, content):
    (run / MARKER).write_text(content)
    with pytest.raises(UsageError, match="no run of kerastl"):
        use(finetuning(run), overwrite=True)


def test_a_mark_of_another_kind_is_named_without_its_escape_sequences(run):
    (run / MARKER).write_text(json.dumps({"kind": "\x1b[31mred\n"}))
    with pytest.raises(UsageError, match=r"run of kerastl \\x1b\[31mred\\n"):
        use(finetuning(run), overwrite=True)


METADATA = {"format": 1, "name": "r", "labels": ["a"], "wnids": None, "resize": {}, "backbone": None, "extra": {}}
METRICS = {"val_accuracy": 1.0, "phase_seconds": [], "recipe": "probe", "complete": True}
STATE = {"settings": {}, "recipe": {}, "classes": [], "skipped": {}, "data_fingerprint": ""}
PRETRAINED = {"backbone": "m", "method": "byol", "settings": {}, "history": [], "complete": True}


@pytest.mark.parametrize(
    ("make", "contents"),
    [
        (finetuning, {"kerastl.json": METADATA, "metrics.json": METRICS}),
        (finetuning, {"state/state.json": {"files": {}, "values": STATE}}),
        (pretraining, {"pretraining.json": PRETRAINED}),
        (pretraining, {"state/state.json": {"files": {}, "values": {"settings": {}, "collection": "", "views": {}}}}),
    ],
)
def test_runs_of_the_version_before_are_known_by_what_it_wrote(tmp_path, make, contents):
    path = tmp_path / "old"
    for name, content in contents.items():
        fill(path, name)
        (path / name).write_text(json.dumps(content))
    with pytest.raises(UsageError, match="--overwrite replaces it"):
        use(make(path))
    if (path / "state").exists():
        with pytest.raises(TrainingError, match=r"written by another version of kerastl \(format unknown"):
            use(make(path), resume=True)
    use(make(path), overwrite=True)
    assert names(path) == [MARKER]


def test_a_folder_in_use_is_refused_before_anything_is_removed(run):
    before = names(run)
    refused = pytest.raises(UsageError, match="is in use by process")
    with finetuning(run).opened(resume=True, overwrite=False), refused:
        use(finetuning(run), overwrite=True)
    assert names(run) == before


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path, monkeypatch):
    def fails(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("kerastl.training._run_folder.files.write_text", fails)
    with pytest.raises(UsageError, match=r"run cannot be written \(Permission denied\); take another folder"):
        use(finetuning(tmp_path / "run"))


def test_a_file_in_its_place(tmp_path):
    fill(tmp_path, "run")
    with pytest.raises(UsageError, match="run is a file"):
        use(finetuning(tmp_path / "run"))
    with pytest.raises(UsageError, match="exclude each other"):
        use(finetuning(Path(tmp_path / "new")), resume=True, overwrite=True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("kind", [finetuning, pretraining])
def test_a_complete_run_is_not_gone_on_with(tmp_path, kind):
    use(kind(tmp_path))
    fill(tmp_path, "metrics.json", "pretraining.json")
    with pytest.raises(TrainingError, match="is complete: there is nothing to resume"):
        use(kind(tmp_path), resume=True)
    assert (tmp_path / "metrics.json").exists()
