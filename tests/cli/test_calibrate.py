import csv
import io
import json
import shutil

import pytest

from kerastl.cli import run


@pytest.fixture
def folder(image, tmp_path):
    for name, other in (("red", (0, 0, 255)), ("blue", (255, 0, 0))):
        image(f"data/train/{name}/1.png", name)
        for number in range(12):
            image(f"data/val/{name}/{number:02}.png", name)
        image(f"data/val/{name}/x.png", other)
    return tmp_path / "data"


@pytest.fixture
def calibrated(color_model, folder, tmp_path, capfd):
    shutil.copytree(color_model, tmp_path / "run")
    assert run(["calibrate", str(tmp_path / "run"), str(folder)]) == 0
    out, err = capfd.readouterr()
    assert "calibrated on 26 images of data (val)" in out
    assert "compares with 2 training images" in out
    assert "compiling" in err or err == ""
    return tmp_path / "run"


def test_json(calibrated, folder, capfd):
    assert run(["calibrate", str(calibrated), str(folder), "--format", "json", "--false-alarms", "0.1"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert (values["images"], values["references"], values["false_alarms"]) == (26, 2, 0.1)


def test_quiet_still_says_what_is_doubtful(color_model, folder, tmp_path, capfd):
    shutil.copytree(color_model, tmp_path / "run")
    shutil.rmtree(folder / "val" / "blue")
    assert run(["calibrate", str(tmp_path / "run"), str(folder), "--quiet"]) == 0
    assert "all of these images are of one class ('red')" in capfd.readouterr().err


def test_classify_rejects_in_every_format(calibrated, image, capfd):
    known, other = image("known.png", "red"), image("other.png", (0, 255, 0))
    command = ["classify", str(known), str(other), "--model", str(calibrated), "--reject"]
    assert run(command) == 0
    first, second = capfd.readouterr().out.splitlines()
    assert first.startswith(f"{known}: red ")
    assert second.startswith(f"{other}: none of these (closest: green ")
    assert run([*command, "--format", "jsonl"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [(row["rejected"], round(row["ood_score"], 3)) for row in rows] == [(False, 0), (True, 1)]
    assert run([*command, "--format", "csv", "--top", "1"]) == 0
    table = list(csv.DictReader(io.StringIO(capfd.readouterr().out)))
    assert [(row["label"], row["rejected"]) for row in table] == [("red", "0"), ("green", "1")]


def test_classify_gives_sets(calibrated, image, capfd):
    path = image("unsure.png", (255, 0, 200))
    command = ["classify", str(path), "--model", str(calibrated), "--format", "jsonl"]
    assert run([*command, "--coverage", "0.8"]) == 0
    row = json.loads(capfd.readouterr().out)
    assert ([p["label"] for p in row["predictions"]], row["coverage"]) == (["red"], 0.8)
    assert run([*command, "--coverage", "0.96"]) == 0
    row = json.loads(capfd.readouterr().out)
    assert [p["label"] for p in row["predictions"]] == ["red", "blue"]
    assert run(command) == 0
    assert list(json.loads(capfd.readouterr().out)) == ["path", "model", "predictions"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--coverage", "1"], "--coverage"),
        (["--coverage", "0.9", "--min-score", "0.1"], "exclude each other"),
        (["--coverage", "0.9"], "not calibrated yet"),
        (["--reject"], "not calibrated yet"),
    ],
)
def test_wrong_usage_of_classify(color_model, image, capfd, arguments, message):
    assert run(["classify", str(image("a.png", "red")), "--model", str(color_model), *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err


@pytest.mark.parametrize("asked", [["--coverage", "0.9"], ["--reject"]])
@pytest.mark.parametrize("model", [[], ["--model", "kerastl_mini"]])
def test_published_networks_say_that_they_are_not_calibrated(image, capfd, monkeypatch, tmp_path, asked, model):
    monkeypatch.setattr("kerastl._load.default_model", lambda **_: "kerastl_mini")
    assert run(["classify", str(image("a.png", "red")), *model, *asked]) == 2
    last = capfd.readouterr().err.splitlines()[-1]
    assert "published networks are not calibrated: fine-tune one" in last
    assert "kerastl calibrate" in last


def test_wrong_usage(color_model, folder, capfd):
    assert run(["calibrate", str(color_model), str(folder), "--false-alarms", "0"]) == 2
    assert run(["calibrate", str(color_model), str(folder), "--split", "train"]) == 2
    assert run(["calibrate", str(color_model), str(folder / "nothing")]) == 2
    assert "no such folder" in capfd.readouterr().err


def test_evaluate_shows_corruptions_and_rejection(calibrated, folder, image, tmp_path, capfd):
    image("others/1.png", (0, 255, 0))
    options = ["--corruptions", "--reject", str(tmp_path / "others")]
    assert run(["evaluate", str(calibrated), str(folder), *options]) == 0
    out = capfd.readouterr().out
    assert "rotation     92.3 %   92.3 %   92.3 %   92.3 %   92.3 %" in out
    assert "100.0 % of 1 images of" in out
    assert "AUROC 1.0000" in out
    assert "scores are scaled with the temperature" in out


def test_a_read_only_model_is_refused_before_the_work(calibrated, folder, capfd, monkeypatch):
    import os

    before = (calibrated / "model.keras").read_bytes()
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert run(["calibrate", str(calibrated), str(folder)]) == 1
    out, err = capfd.readouterr()
    assert (out, err) == ("", f"kerastl: RUN_DIR {calibrated / 'model.keras'}: cannot be written (it is read-only)\n")
    assert (calibrated / "model.keras").read_bytes() == before


def test_a_linked_model_stays_a_link(calibrated, folder, tmp_path, capfd):
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "model.keras").symlink_to(calibrated / "model.keras")
    before = (calibrated / "model.keras").read_bytes()
    assert run(["calibrate", str(linked), str(folder), "--false-alarms", "0.2"]) == 0
    assert (linked / "model.keras").is_symlink()
    assert (calibrated / "model.keras").read_bytes() != before
