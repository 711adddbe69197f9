"""The options that say how a table is read, in every command and function that takes labeled images."""

import json

import pytest

import kerastl
from kerastl.cli import _options as options
from kerastl.cli import run
from kerastl.errors import DataError


@pytest.fixture
def table(image, tmp_path):
    """Four images by number, with what they show and who took them."""
    colors = ("red", "blue", "blue", "red")
    for number, color in enumerate(colors):
        image(f"photos/{number}.png", color)
    rows = [f"{number},{color},{'xy'[number % 2]}\n" for number, color in enumerate(colors)]
    (tmp_path / "tables").mkdir()
    (tmp_path / "tables" / "t.csv").write_text("nr,what,who\n" + "".join(rows))
    return tmp_path / "tables" / "t.csv"


def test_check_takes_the_columns(table, tmp_path, capfd):
    assert run(["check", str(table)]) == 1
    assert "its header: nr, what, who; --path-column and --label-column name them, --images" in capfd.readouterr().err
    arguments = ["--images", str(tmp_path / "photos"), "--label-column", "what", "--path-column", "nr"]
    run(["check", str(table), *arguments, "--format", "json"])
    found = json.loads(capfd.readouterr().out)
    assert found["layout"] == "t.csv with path, label: 4 images in 2 classes (columns nr, what)"
    run(["check", str(table), *arguments[:2], "--label-column", "who", "--format", "json"])
    assert set(json.loads(capfd.readouterr().out)["classes"]) == {"x", "y"}


def test_evaluate_takes_the_columns(color_model, table, tmp_path, capfd):
    arguments = ["--images", str(tmp_path / "photos"), "--label-column", "what"]
    assert run(["evaluate", str(color_model), str(table), *arguments]) == 0
    assert "accuracy           100.0 %" in capfd.readouterr().out


@pytest.mark.parametrize("command", ["check", "finetune", "evaluate", "calibrate", "lr-find"])
def test_every_command_refuses_a_column_that_is_not_there(command, color_model, table, tmp_path, capfd):
    model = [str(color_model)] if command in ("evaluate", "calibrate") else []
    output = ["-o", str(tmp_path / "out"), "-m", "kerastl_mini"] if command in ("finetune", "lr-find") else []
    assert run([command, *model, str(table), *output, "--label-column", "breed"]) == 1
    assert "t.csv: has no column 'breed'; its header: nr, what, who" in capfd.readouterr().err
    assert run([command, *model, str(table), *output, "--images", str(tmp_path / "nowhere")]) == 2


def test_every_function_takes_rows_and_columns(color_model, table, tmp_path):
    for refused in (
        lambda: kerastl.check(table, label_column="breed"),
        lambda: kerastl.finetune(table, "kerastl_mini", output=tmp_path / "out", label_column="breed"),
        lambda: kerastl.evaluate(color_model, table, label_column="breed"),
        lambda: kerastl.calibrate(color_model, table, label_column="breed"),
        lambda: kerastl.lr_find(table, "kerastl_mini", label_column="breed"),
    ):
        with pytest.raises(DataError, match="has no column 'breed'"):
            refused()
    assert not (tmp_path / "out").exists()
    rows = [(tmp_path / "photos" / f"{number}.png", label) for number, label in enumerate(("red", "blue", "blue"))]
    assert kerastl.evaluate(color_model, rows).accuracy == 1
    assert kerastl.check([(path.name, label) for path, label in rows], images=tmp_path / "photos").formats == {"PNG": 3}


def test_the_options_are_written_again_as_they_were_given():
    given = {"images": "my photos", "path_column": None, "label_column": "what", "seed": 3}
    assert options.as_given(given) == ["--images", "my photos", "--label-column", "what"]
