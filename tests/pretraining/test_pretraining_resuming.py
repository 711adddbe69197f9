"""Pre-training that is killed, stopped or asked to stop goes on to the same result."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import h5py
import numpy as np
import pytest
from PIL import Image
from small_runs import OUTPUTS, SMALL, rows_of

import kerastl
from kerastl.cli import run as kerastl_command
from kerastl.errors import UsageError
from kerastl.pretraining._settings import Settings
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Interrupted


def start(images, folder, *more):
    command = [sys.executable, "-m", "kerastl", "pretrain", str(images), "-o", str(folder), *SMALL, *more]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def progress(folder):
    try:
        return json.loads((folder / "state" / "state.json").read_text())["values"]["training"]
    except (OSError, KeyError):
        return {"epoch": 0}


def wait_for(process, folder, epoch):
    """Wait until an epoch is complete, or the process has ended."""
    while process.poll() is None and progress(folder)["epoch"] < epoch:
        time.sleep(0.005)


def loaded(folder):
    found = []
    with h5py.File(folder / "backbone.weights.h5") as file:
        file.visititems(lambda _, item: found.append(item[()]) if isinstance(item, h5py.Dataset) else None)
    assert found
    return found


def test_killed_and_resumed_is_the_same_to_the_bit(image_folder, tmp_path):
    more = ("--epochs", "2", "--method", "byol")
    whole = start(image_folder, tmp_path / "whole", *more)
    parts = start(image_folder, tmp_path / "parts", *more)
    wait_for(parts, tmp_path / "parts", 1)
    parts.kill()
    parts.communicate()
    assert parts.returncode != 0
    last = start(image_folder, tmp_path / "parts", *more, "--resume")
    for process in (whole, last):
        _, said = process.communicate()
        assert process.returncode == 0, said
    for one, other in zip(loaded(tmp_path / "whole"), loaded(tmp_path / "parts"), strict=True):
        np.testing.assert_array_equal(one, other)
    rows = [[{**row, "seconds": ""} for row in rows_of(tmp_path / name)] for name in ("whole", "parts")]
    assert rows[0] == rows[1]
    assert len(rows[0]) == 2


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no SIGINT to one process")
def test_ctrl_c_saves_inside_an_epoch_and_resume_goes_on(image_folder, tmp_path, capsys):
    run = tmp_path / "run"
    process = start(image_folder, run, "--epochs", "10000")
    wait_for(process, run, 2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    assert f"--resume goes on in {run}" in said
    assert "Traceback" not in said
    assert {path.name for path in run.iterdir()} >= OUTPUTS
    assert json.loads((run / "pretraining.json").read_text())["complete"] is False
    assert all(np.isfinite(weight).all() for weight in loaded(run))
    Image.new("RGB", (40, 40)).save(tmp_path / "new.png")
    command = ["pretrain", str(tmp_path), "-o", str(run), "--epochs", "10000", "--resume", *SMALL]
    assert kerastl_command(command) == 1
    assert "not those that the run began with" in capsys.readouterr().err


def test_stopped_between_steps_and_resumed_is_the_same_to_the_bit(quickly_built, image_folder, tmp_path):
    class Impatient(RunCallback):
        """Sends Ctrl-C in the second epoch."""

        def begin(self, what, total):
            if what == "epoch 2/2":
                os.kill(os.getpid(), signal.SIGINT)

    options = {"input_size": 32, "batch_size": 16, "width": 16, "epochs": 2, "labels": "none"}
    kerastl.pretrain(image_folder, "mobilenet_025", output=tmp_path / "whole", **options)
    with pytest.raises(Interrupted, match="--resume goes on"):
        kerastl.pretrain(image_folder, "mobilenet_025", output=tmp_path / "parts", callbacks=[Impatient()], **options)
    state = progress(tmp_path / "parts")
    assert (state["epoch"], state["step"]) == (1, 1)
    kerastl.pretrain(image_folder, "mobilenet_025", output=tmp_path / "parts", resume=True, **options)
    for one, other in zip(loaded(tmp_path / "whole"), loaded(tmp_path / "parts"), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: shutil.copy(data / "red/01.png", data / "red/02.png"), "1 image is changed in content (red/02"),
        (lambda data: (data / "blue/01.png").unlink(), "1 image is gone (blue/01.png)"),
        (lambda data: (data / "blue").rename(data / "pink"), "1 class is new (pink); 1 class is gone (blue)"),
    ],
)
def test_resume_with_other_images_says_what_changed(
    quickly_built, image_folder, tmp_path, change, said, capsys, monkeypatch
):
    data, run = tmp_path / "data", tmp_path / "run"
    shutil.copytree(image_folder, data)
    monkeypatch.setattr("kerastl.pretraining._run.Run._train", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        kerastl.pretrain(data, "mobilenet_025", output=run, input_size=32, batch_size=16, width=16)
    change(data)
    assert kerastl_command(["pretrain", str(data), "-o", str(run), "--resume"]) == 1
    assert "not those that the run began with: " in (text := capsys.readouterr().err)
    assert said in text
    assert kerastl_command(["finetune", str(data), "-o", str(run), "--overwrite"]) == 2
    assert "holds a run of kerastl pretrain, which kerastl finetune leaves alone" in capsys.readouterr().err


def test_resume_takes_no_other_settings():
    stored = Settings(method="byol", cache_limit=5).as_dict()
    assert Settings().resumed(stored).method == "byol"
    assert Settings(cache_limit=7).resumed(stored).cache_limit == 7
    with pytest.raises(UsageError, match="begun with epochs=100"):
        Settings(epochs=7).resumed(stored)
