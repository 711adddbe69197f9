import logging
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerastl.cli import run
from kerastl.errors import DownloadError, WeightsError
from kerastl.models import _default as choice
from kerastl.models import _weights as weights
from kerastl.models._backbone import WeightsFile
from kerastl.models._registry import BACKBONES

UMBRELLA = Path(__file__).parents[2] / "data" / "umbrella.png"


@pytest.fixture
def offline(monkeypatch, tmp_path):
    """No weights here, and every download fails; the downloads that were tried."""
    tried = []

    def download(file, *_):
        tried.append(file.file)
        raise DownloadError("no way out", f"cannot download {file.file}")

    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(weights, "download", download)
    monkeypatch.setattr(choice._Fetching, "failure", None)
    return tried


def put(folder, include_top=True):
    file = folder / "keras" / "models" / BACKBONES["mobilenet_v2"].weights_file(include_top).file
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


def test_what_is_here_is_chosen_without_a_word(offline, tmp_path, caplog):
    put(tmp_path)
    assert choice.default_model() == "mobilenet_v2"
    assert (offline, caplog.messages) == ([], [])
    put(tmp_path, include_top=False)
    assert choice.default_model(False) == "mobilenet_v2"


def test_the_box_answers_and_says_so_in_one_line(offline, monkeypatch):
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    # Alone: what the command line has put there in other tests writes to streams that are closed by now.
    monkeypatch.setattr(logging.getLogger("kerastl"), "handlers", [handler])
    assert choice.default_model() == "kerastl_mini"
    (said,) = [record.getMessage() for record in records]
    assert "\n" not in said
    for part in ("mobilenet_v2", "no way out", "kerastl_mini", "200 classes", "kerastl download", "KERAS_HOME"):
        assert part in said


def test_a_network_that_failed_is_not_asked_again(offline, tmp_path):
    assert choice.default_model() == choice.default_model() == choice.default_model(False) == "kerastl_mini"
    assert len(offline) == 1
    put(tmp_path)  # but what has come in the meantime is seen
    assert choice.default_model() == "mobilenet_v2"


def test_a_download_that_works_is_chosen(offline, monkeypatch, caplog):
    asked = []
    monkeypatch.setattr(weights, "download", lambda file, *_: asked.append(file) or Path("there"))
    assert choice.default_model(False, 160) == "mobilenet_v2"
    assert asked == [BACKBONES["mobilenet_v2"].weights_file(False, (160, 160))]
    assert caplog.messages == []


def test_a_server_that_says_nothing_is_not_waited_for(tmp_path):
    """A listening socket takes the connection and never answers; without patience it would be 30 seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/file"
        start = time.monotonic()
        with pytest.raises(DownloadError, match=r"no answer within 0\.2 seconds"):
            weights.download(WeightsFile("file", url, None, 1), tmp_path / "there", patience=0.2)
        assert time.monotonic() - start < 15


def test_classify_without_a_name(offline, capfd, lines):
    assert run(["classify", str(UMBRELLA), str(UMBRELLA), "--format", "jsonl", "--engine", "keras"]) == 0
    out, err = capfd.readouterr()
    assert [row["model"] for row in lines(out)] == ["kerastl_mini"] * 2
    assert len([line for line in err.splitlines() if "kerastl_mini answers" in line]) == 1
    assert len(offline) == 1


@pytest.mark.parametrize("command", ["classify", "explain"])
def test_what_is_named_is_never_replaced(offline, command, capfd, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run([command, str(UMBRELLA), "--model", "mobilenet_v2"]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("kerastl: cannot download mobilenet_v2_weights")
    assert "kerastl_mini" not in err


def test_a_backbone_that_is_named_is_never_replaced(offline, capfd, tmp_path):
    code = run(["finetune", str(UMBRELLA.parent / "shapes"), "-o", str(tmp_path / "run"), "-m", "mobilenet_v2"])
    assert code == 1
    assert "kerastl_mini" not in capfd.readouterr().err


def test_shipped_weights_that_are_gone(monkeypatch, tmp_path):
    from dataclasses import replace

    row = BACKBONES["kerastl_mini"]
    gone = replace(row, weights=replace(row.weights, bundled=tmp_path / "gone.h5"))
    with pytest.raises(WeightsError, match="install that again"):
        weights.fetch(gone)


def test_the_command_in_a_process_of_its_own_behind_a_dead_proxy(tmp_path):
    """The whole way from the first command on a fresh machine, without anything patched."""
    proxy = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    environment = os.environ | proxy | {"KERAS_HOME": str(tmp_path / "keras"), "KERASTL_CACHE": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "kerastl", "classify", str(UMBRELLA), "--format", "csv"]
    first, second = (subprocess.run(command, env=environment, capture_output=True, text=True) for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr
    assert first.stdout == second.stdout
    assert first.stdout.startswith("path,rank,label,score,model\n")
    assert ",kerastl_mini\n" in first.stdout
    (said,) = second.stderr.splitlines()
    assert said.startswith("kerastl: mobilenet_v2 is not on this machine and cannot be downloaded")
