"""What `on_a_cluster.py` finds on a cluster of this machine, which is started once for all of these."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

import kerastl


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("images")
    for number in range(70):
        Image.new("RGB", (32, 32), (3 * number, 255 - 3 * number, 0)).save(folder / f"{number:02}.png")
    (folder / "99.png").write_text("no image")
    return [str(folder / f"{number:02}.png") for number in (*range(70), 99)]


@pytest.fixture(scope="module")
def expected(files):
    answers = kerastl.load("kerastl_mini").classify(files, top=2, errors="return")
    return [answer.as_dict() for answer in answers]


@pytest.fixture(scope="module")
def folder(files, expected, tmp_path_factory):
    if find_spec("ray") is None:
        pytest.skip("Ray is not installed")
    folder = tmp_path_factory.mktemp("ray")
    program = [sys.executable, str(Path(__file__).parent / "on_a_cluster.py"), str(folder), *files]
    environment = os.environ | {"RAY_memory_monitor_refresh_ms": "0"}  # it ends actors where others fill the machine
    done = subprocess.run(program, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture(scope="module")
def found(folder):
    return json.loads((folder / "found.json").read_text())


def test_answers_are_those_of_one_process_in_order(found, expected):
    assert found["plain"] == expected


def test_images_in_archives_are_sent(found, expected):
    assert [each["path"] for each in found["stored"]] == ["a.tar::0", "a.tar::1", "a.tar::2"]
    assert [each["predictions"] for each in found["stored"]] == [each["predictions"] for each in expected[:3]]


def test_an_actor_that_dies_loses_and_doubles_nothing(found, expected):
    assert found["died"] == [True, True]
    assert found["dies once"] == expected


def test_an_image_that_ends_each_process_is_told_in_its_place(found, expected):
    answers = found["deadly"]
    assert [answers[0], answers[1], answers[3]] == [expected[0], expected[1], expected[3]]
    assert answers[2] == {"path": expected[2]["path"], "error": "it ended every process that read it"}


def test_the_command_writes_what_it_writes_without(found, folder):
    assert found["codes"] == [1, 1]  # of the file that is none
    assert (folder / "two").read_bytes() == (folder / "one").read_bytes()


def test_what_cannot_be_done_is_said(found):
    assert found["too many"] == "UsageError: --ray must be 1 to 2, the processors that Ray has. Received: 3"
    assert found["no model"].startswith("KerastlError: no actor can open the model: ")
    assert "unknown model 'nosuch'" in found["no model"]


def test_a_dataset_becomes_parquet_that_reads_as_one(found, folder, expected):
    """An actor dies on the way: nothing is lost, nothing double, and the columns have one type in all files."""
    table = pq.read_table(str(folder / "parquet")).sort_by("path")
    assert found["dataset died"]
    assert len(list((folder / "parquet").glob("*.parquet"))) > 1
    assert table.column_names == ["path", "label", "score", "labels", "scores", "error"]
    rows = table.to_pylist()
    assert [row["path"] for row in rows] == [each["path"] for each in expected]
    assert [row["error"] for row in rows] == [each.get("error") for each in expected]
    best = [[prediction["label"] for prediction in each.get("predictions", [])] for each in expected]
    assert [row["labels"] for row in rows] == best
    assert [row["label"] for row in rows] == [labels[0] if labels else None for labels in best]
