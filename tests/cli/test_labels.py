"""From a table of labels to a model, its thresholds and its report, on the command line."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from kerastl.cli import run
from kerastl.models._metadata import MODEL_FILE, read_metadata


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Twenty-four images: red on the left, blue on the right, both or neither."""
    folder = tmp_path_factory.mktemp("labels")
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["path", "labels"])
        for number in range(24):
            names = [name for place, name in enumerate(("red", "blue")) if number >> place & 1]
            image = Image.new("RGB", (64, 64), (7 * number, 90, 7 * number))
            for place, name in enumerate(names):
                image.paste(Image.new("RGB", (32, 64 - number), name), (32 * place, 0))
            image.save(folder / f"{number:02}.png")
            writer.writerow([f"{number:02}.png", "|".join(names)])
    return folder / "labels.csv"


@pytest.fixture(scope="module")
def trained(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    arguments = ["--model", "kerastl_mini", "--recipe", "probe", "--task", "multilabel", "--quiet"]
    assert run(["finetune", str(table), "-o", str(folder), *arguments, "--threshold-aim", "recall>=0.9"]) == 0
    return folder


def test_a_run_chooses_thresholds_for_its_aim_and_says_so(trained):
    extra = read_metadata(trained / MODEL_FILE).extra
    stored = extra["thresholds"]
    assert extra["label_separator"] == "|"
    assert (stored["aim"], stored["kind"]) == ("recall=0.9", "leave_one_out")
    assert all(label["met"] and label["recall"] >= 0.9 and label["positives"] == 12 for label in stored["labels"])
    readme = (trained / "README.md").read_text()
    assert "run: 2 labels, made from" in readme
    assert "Labels are given from thresholds on, chosen for recall=0.9 on 24 images by leave-one-out." in readme
    assert "Labels: blue, red" in readme


def test_evaluate_writes_a_column_a_label_and_a_report(trained, table, tmp_path, capfd):
    report = tmp_path / "report"
    arguments = ["--report", str(report), "--mistakes", "0", "--resamples", "10"]
    assert run(["evaluate", str(trained), str(table), *arguments]) == 0
    out = capfd.readouterr().out
    assert "mean average precision" in out
    assert "labels are given from thresholds on that were chosen for recall=0.9" in out
    with (report / "predictions.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["path", "labels", "prediction", "right", "score_blue", "score_red", "error"]
    assert [row["labels"] for row in rows[:4]] == ["", "red", "blue", "blue|red"]
    values = json.loads((report / "evaluation.json").read_text())
    assert values["task"] == "multilabel"
    assert values["metrics"]["macro_recall"]["value"] >= 0.9
    assert 'id="precision-recall"' in (report / "report.html").read_text("utf-8")


def test_calibrate_changes_the_aim(trained, table, capfd):
    assert run(["calibrate", str(trained), str(table), "--threshold-aim", "precision=0.8", "--format", "json"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert values["thresholds"]["aim"] == "precision=0.8"
    assert read_metadata(trained / MODEL_FILE).extra["thresholds"] == values["thresholds"]


def refused(data, tmp_path, capfd, *arguments):
    command = ["finetune", str(data), "-o", str(tmp_path / "run"), "--model", "kerastl_mini", "-r", "probe", "--quiet"]
    assert run([*command, *arguments]) == 2
    out, err = capfd.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    return err


def test_an_aim_that_is_none_is_one_line(table, tmp_path, capfd):
    assert "a threshold's aim is f1, precision=P or recall=R" in refused(table, tmp_path, capfd, "--threshold-aim", "x")


def test_an_aim_where_there_are_no_labels_is_one_line(tmp_path, capfd):
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(3):
            noise = random.integers(0, 256, (40, 40, 3)).astype(np.uint8)
            Image.fromarray(noise).save(tmp_path / "data" / name / f"{number}.png")
    error = refused(tmp_path / "data", tmp_path, capfd, "--threshold-aim", "f1")
    assert "threshold_aim is for task multilabel. Received: task='classification'" in error
