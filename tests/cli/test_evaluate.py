import json

import pytest

from kerastl.cli import run


@pytest.fixture
def folder(image, tmp_path):
    """Two classes of the color model, one image of four wrong, and a class that it does not know."""
    for name, color in (("red/1", "red"), ("red/2", "blue"), ("blue/1", "blue"), ("blue/2", "blue"), ("x/1", "cyan")):
        image(f"images/{name}.png", color)
    return tmp_path / "images"


def test_text_shows_figures_and_mistakes(color_model, folder, capfd):
    assert run(["evaluate", str(color_model), str(folder)]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    assert "accuracy            75.0 %" in out
    assert "red taken for blue: 1, 50.0 % of red" in out
    assert "red/2.png: blue 100.0 %, but is red (0.0 %)" in out
    assert "x: the model has no such class; 1 image left out" in out
    assert "no images of 1 of the model's 3 classes: green" in out


def test_json_goes_to_standard_output_alone(color_model, folder, capfd):
    assert run(["evaluate", str(color_model), str(folder), "--format", "json", "--top", "2"]) == 0
    values = json.loads(capfd.readouterr().out)
    assert values["metrics"]["accuracy"]["value"] == 0.75
    assert (values["k"], values["split"], values["unknown_classes"]) == (2, "all", {"x": 1})


def test_the_report_holds_the_predictions(color_model, folder, tmp_path, capfd):
    (folder / "red" / "broken.png").write_text("no image")
    assert run(["evaluate", str(color_model), str(folder), "--report", str(tmp_path / "report")]) == 1
    out, err = capfd.readouterr()
    assert "red/broken.png: " in out
    assert err.splitlines()[-1] == f"report: {tmp_path / 'report' / 'report.html'}"
    assert "red/<wbr>2.png" in (tmp_path / "report" / "report.html").read_text("utf-8")
    assert len((tmp_path / "report" / "predictions.csv").read_text().splitlines()) == 6
    assert json.loads((tmp_path / "report" / "evaluation.json").read_text())["images"] == 4


def test_the_figures_stay_when_the_page_fails(color_model, folder, tmp_path, capfd, monkeypatch):
    def fails(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kerastl.reporting._page.write_text", fails)
    arguments = ["evaluate", str(color_model), str(folder), "--report", str(tmp_path / "r"), "--mistakes", "0"]
    assert run(arguments) != 0
    out, err = capfd.readouterr()
    assert "accuracy            75.0 %" in out
    assert "No space left on device" in err
    assert "Traceback" not in err
    assert sorted(path.name for path in (tmp_path / "r").iterdir()) == ["evaluation.json", "predictions.csv"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--split", "val"], 1, "there is no val part; it is not split: use --split all"),
        (["--split", "dev"], 2, "--split"),
        (["--report", "/no/such/folder/report"], 2, "there is no folder /no/such/folder"),
        (["--top", "0"], 2, "--top"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(color_model, folder, capfd, arguments, code, message):
    assert run(["evaluate", str(color_model), str(folder), *arguments]) == code
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err


def test_a_model_that_knows_none_of_the_classes(color_model, image, tmp_path, capfd):
    for name in ("cat", "dog"):
        image(f"animals/{name}/1.png", "red")
    assert run(["evaluate", str(color_model), str(tmp_path / "animals")]) == 1
    assert "colors knows none of the classes (cat, dog)" in capfd.readouterr().err
