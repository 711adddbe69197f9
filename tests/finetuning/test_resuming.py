"""Runs that are stopped, and gone on with."""

import csv
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

import keras
import numpy as np
import pytest

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.data import _training_record as training_record
from kerastl.errors import DataError, UsageError
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._settings import Settings
from kerastl.models import _metadata as metadata
from kerastl.training._callback import RunCallback
from kerastl.training._lock import LOCK

SMALL = ["--model", "mobilenet_025", "--input-size", "32", "--weights", "none"]
OPTIONS = {"input_size": 32, "weights": None, "seed": 3}


def model_weights(folder):
    return keras.saving.load_model(folder / "model.keras").get_weights()


def start(data, folder, recipe_file, *more):
    command = [sys.executable, "-m", "kerastl", "finetune", str(data), "-o", str(folder), "--recipe", recipe_file]
    return subprocess.Popen([*command, *SMALL, *more], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def progress(folder):
    try:
        return json.loads((folder / "state" / "state.json").read_text())["values"]["training"]
    except (OSError, KeyError):
        return {"phase": 0, "epoch": 0}


def wait_for(process, folder, phase, epoch):
    """Wait until an epoch is complete, or the process has ended."""
    while process.poll() is None:
        now = progress(folder)
        if (now["phase"], now["epoch"]) >= (phase, epoch):
            return
        time.sleep(0.005)


def test_killed_and_resumed_is_the_same_to_the_bit(colored_folder, tmp_path, recipe_file, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    whole = start(colored_folder, tmp_path / "whole", recipe_file)
    parts = start(colored_folder, tmp_path / "parts", recipe_file)
    wait_for(parts, tmp_path / "parts", 0, 1)
    parts.kill()
    parts.communicate()
    again = start(colored_folder, tmp_path / "parts", recipe_file, "--resume")
    wait_for(again, tmp_path / "parts", 1, 1)
    again.kill()
    again.communicate()
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    (tmp_path / "parts" / f".{again.pid}-{host}0123abcd.metrics.json").touch()
    last = start(colored_folder, tmp_path / "parts", recipe_file, "--resume")
    for process in (whole, last):
        _, said = process.communicate()
        assert process.returncode == 0, said
    for one, other in zip(model_weights(tmp_path / "whole"), model_weights(tmp_path / "parts"), strict=True):
        np.testing.assert_array_equal(one, other)
    rows = []
    for folder in (tmp_path / "whole", tmp_path / "parts"):
        with (folder / "history.csv").open() as stream:
            rows.append([{**row, "seconds": ""} for row in csv.DictReader(stream)])
    assert rows[0] == rows[1]
    assert len(rows[0]) == 5
    names = [sorted(path.name for path in (tmp_path / folder).iterdir()) for folder in ("whole", "parts")]
    assert names[0] == names[1]
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_leaves_a_usable_model_and_a_run_to_resume(colored_folder, tmp_path):
    recipe = tmp_path / "long.json"
    recipe.write_text(Recipe("long", (Phase(epochs=10_000, learning_rate=0.001, batch_size=8),)).to_json())
    process = start(colored_folder, tmp_path / "run", str(recipe))
    wait_for(process, tmp_path / "run", 0, 2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert "--resume goes on" in said
    assert "Traceback" not in said
    assert len(model_weights(tmp_path / "run")) > 0
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["complete"] is False
    assert progress(tmp_path / "run")["epoch"] >= 2


def test_resume_takes_no_other_settings():
    stored = Settings(model="mobilenet_025", seed=3).as_dict()
    assert Settings(model="mobilenet_025").resumed(stored).seed == 3
    with pytest.raises(UsageError, match="begun with seed=3"):
        Settings(model="mobilenet_025", seed=4).resumed(stored)


@pytest.fixture(scope="module")
def content_with_little():
    """Random weights that do not train learn nothing, which ends a run and is not what is tested here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerastl.finetuning._phase_training.NOTHING", "")
        yield


@pytest.fixture(scope="module")
def stopped_once(colored_folder, tmp_path_factory, content_with_little):
    """A run that was stopped in its second epoch, and the data it began with."""
    folder = tmp_path_factory.mktemp("stopped")
    shutil.copytree(colored_folder, folder / "data")

    class Impatient(RunCallback):
        def epoch(self, row):
            os.kill(os.getpid(), signal.SIGINT)

    recipe = Recipe("long", (Phase(epochs=3, learning_rate=0.01, batch_size=8),))
    found = kerastl.finetune(
        folder / "data", "mobilenet_025", recipe, output=folder / "run", callbacks=[Impatient()], **OPTIONS
    )
    assert found.stopped
    return folder


@pytest.fixture
def stopped(stopped_once, tmp_path):
    shutil.copytree(stopped_once, tmp_path, dirs_exist_ok=True)
    return tmp_path / "data", tmp_path / "run"


def resumed(data, run, recipe="auto", model=None, **settings):
    return kerastl.finetune(data, model, recipe, output=run, resume=True, **settings)


def remove_a_class(data):
    shutil.rmtree(data / "red")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: shutil.copy(data / "red/0.png", data / "red/new.png"), r"1 image is new \(red/new.png\)"),
        (lambda data: (data / "red/0.png").unlink(), r"1 image is gone \(red/0.png\)"),
        (lambda data: shutil.copy(data / "red/0.png", data / "red/1.png"), "1 image is changed in content"),
        (lambda data: (data / "red/0.png").rename(data / "blue/x.png"), r"new \(blue/x.png\); 1 image is gone"),
        (lambda data: (data / "red").rename(data / "pink"), r"1 class is new \(pink\); 1 class is gone \(red\)"),
        (remove_a_class, r"12 images are gone \(red/0.png, .*1 class is gone \(red\)"),
        (lambda data: [shutil.rmtree(data / name) for name in ("red", "blue")],
         "one class only.*the classes 'blue', 'green', 'red'"),
    ],
)  # fmt: skip
def test_resume_with_other_images_is_refused_and_says_what_changed(stopped, change, said):
    data, run = stopped
    change(data)
    with pytest.raises(DataError, match=said):
        resumed(data, run)
    assert not (run / LOCK).exists()


@pytest.mark.parametrize("change", [("red", "blue"), ("train", "val"), ("path", "x")])
def test_resume_with_a_changed_split_is_refused(stopped, change):
    data, run = stopped
    split = run / "split.csv"
    split.write_text(split.read_text().replace(*change))
    with pytest.raises(DataError, match=r"split.csv: the split of the run cannot be read \(its content is not"):
        resumed(data, run)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"recipe": "probe"}, "begun with recipe long and cannot go on with another: probe"),
        ({"model": "mobilenet_v2"}, "begun with model='mobilenet_025' and cannot go on with 'mobilenet_v2'"),
        ({"seed": 0}, "begun with seed=3 and cannot go on with 0"),
        ({"weights": "imagenet"}, "begun with weights=None"),
        ({"epochs": 9}, "begun with epochs=None"),
    ],
)
def test_resume_with_another_wish_is_refused(stopped, asked, said):
    data, run = stopped
    with pytest.raises(UsageError, match=said):
        resumed(data, run, **asked)


def test_the_same_images_elsewhere_are_gone_on_with(stopped):
    data, run = stopped
    data = data.rename(data.with_name("moved"))
    found = resumed(
        data, run, Recipe.from_dict(metadata.read_metadata(run / "model.keras").extra["recipe"]), keep_features=True
    )
    assert (len(found.history), found.stopped) == (3, False)
    record = training_record.read(run / "model.keras")
    assert [len(record.hashes[part]) for part in ("train", "val")] == [30, 6]
    assert (run / "features").is_dir()


@pytest.mark.parametrize("harm", ["state.json", "images.csv", "now.npz", "best.npz", "start.npz"])
def test_a_run_whose_state_is_damaged_says_so_in_one_line(stopped, harm, capsys):
    data, run = stopped
    (file,) = (run / "state").glob(f"*{harm}")
    file.write_bytes(file.read_bytes()[:-20])
    before = (run / "model.keras").read_bytes()
    assert kerastl_command(["finetune", str(data), "-o", str(run), "--resume"]) == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert str(run / "state") in last
    assert last.endswith("--overwrite starts anew")
    assert (run / "model.keras").read_bytes() == before


def test_defaults_of_the_command_line_say_nothing(stopped, capsys):
    data, run = stopped
    assert kerastl_command(["finetune", str(data), "-o", str(run), "--resume", "--seed", "0"]) == 2
    assert "begun with seed=3" in capsys.readouterr().err


def test_damaged_features_are_computed_anew_which_is_said(stopped):
    data, run = stopped
    for file in (run / "features").glob("*/features.npy"):
        content = bytearray(file.read_bytes())
        content[-1] ^= 0x40
        file.write_bytes(content)
    warnings = []

    class Notes(RunCallback):
        def warn(self, text):
            warnings.append(text)

    found = resumed(data, run, callbacks=[Notes()])
    assert not found.stopped
    damaged = [text for text in warnings if "rows kept there are damaged" in text]
    assert sorted("1 of 6 rows" in text or "1 of 30 rows" in text for text in damaged) == [True, True]
