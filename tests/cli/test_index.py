import inspect
import json
import re
from importlib import import_module

import click
import pytest

from kerastl.cli import COMMANDS, run
from kerastl.index import build, similar

pytest.importorskip("lancedb")


@pytest.fixture
def indexed(color_model, image, tmp_path, monkeypatch, capsys):
    """A folder of five labeled images, and what `kerastl index` said of it."""
    for number in range(5):
        label = ("red", "blue")[number % 2]
        image(f"photos/{label}/{number}.png", (200 - 40 * number, 9, 40 * number), size=(40, 40 + number))
    monkeypatch.chdir(tmp_path)
    assert run(["index", "photos", "--db", "db", "-m", str(color_model), "--labels", "photos"]) == 0
    return capsys.readouterr().out


def test_what_was_done_is_said(indexed, image, capsys):
    assert indexed == "5 added; 5 images in the index\n"
    image("photos/new.png", "red", size=(50, 50))
    assert run(["index", "photos", "--db", "db", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["added"], found["unchanged"], found["missing"], found["failed"]) == (1, 5, [], {})


def test_labels_of_images_that_are_not_there_are_told(indexed, image, capsys):
    image("photos/red/new.png", "red", size=(50, 50))
    assert run(["index", "--db", "db", "--labels", "photos"]) == 0
    out, err = capsys.readouterr()
    assert out == "nothing to do; 5 images in the index\n"
    assert "1 of 6 labels are of images that are not in the index" in err


def test_files_that_are_gone_are_told(indexed, tmp_path, capsys):
    (tmp_path / "photos/red/0.png").unlink()
    assert run(["index", "photos", "--db", "db"]) == 0
    out, err = capsys.readouterr()
    assert out == "4 unchanged; 5 images in the index\n"
    assert "1 file is gone: 'red/0.png'; --prune removes them" in err
    assert run(["index", "--db", "db", "--prune"]) == 0
    assert capsys.readouterr().out == "1 removed; 4 images in the index\n"


def test_images_that_cannot_be_read_are_told(indexed, tmp_path, capsys):
    (tmp_path / "photos/broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    assert run(["index", "photos", "--db", "db"]) == 1
    out, err = capsys.readouterr()
    assert out == "5 unchanged; 5 images in the index\n"
    assert "photos/broken.jpg: " in err
    assert "1 of 6 images could not be indexed" in err


def test_info_says_what_is_in_an_index(indexed, color_model, tmp_path, capsys):
    assert run(["index", "--db", "db", "--info"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"5 images below {tmp_path / 'photos'}"
    assert lines[1] == "5 labeled, 2 labels"
    assert lines[2] == f"vectors of {color_model}: 3 numbers, float32, last"
    assert re.fullmatch(r"0\.\d MB", lines[3])
    assert run(["index", "--db", "db", "--info", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["labels"] == {"blue": 2, "red": 3}
    assert (found["images"], found["dimension"], found["approximate"]) == (5, 3, None)
    assert found["bytes"] > 0


def test_similar_images_as_text_and_json(indexed, capsys, lines):
    assert run(["similar", "photos/red/0.png", "--db", "db", "--top", "2"]) == 0
    rows = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert [row[1:] for row in rows] == [["photos/blue/1.png", "blue"], ["photos/red/2.png", "red"]]
    assert run(["similar", "photos/red/0.png", "--db", "db", "-k", "2", "--format", "jsonl"]) == 0
    (found,) = lines(capsys.readouterr().out)
    assert found["path"] == "photos/red/0.png"
    assert [image["path"] for image in found["similar"]] == ["photos/blue/1.png", "photos/red/2.png"]
    assert run(["similar", "photos", "--db", "db", "-k", "1", "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 5


def test_of_several_images_each_has_a_heading(indexed, tmp_path, capsys):
    assert run(["similar", "photos/red/0.png", "photos/gone.png", "photos/red/4.png", "--db", "db", "-k", "1"]) == 1
    out, err = capsys.readouterr()
    first, second = out.split("\n\n")
    assert first.splitlines()[0] == "photos/red/0.png"
    assert second.splitlines()[0] == "photos/red/4.png"
    assert "photos/gone.png: no such file" in err


def test_what_is_no_file_is_told_and_the_others_are_searched_for(indexed, tmp_path, capsys):
    (tmp_path / "a.zip").touch()
    assert run(["similar", "a.zip", "photos/red/0.png", "--db", "db", "-k", "1", "--format", "jsonl"]) == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["path"] == "photos/red/0.png"
    assert "a.zip: lies in an archive or in a store" in err


def test_a_page_with_thumbnails(indexed, tmp_path):
    assert run(["similar", "photos/red/0.png", "--db", "db", "-k", "2", "--page", "sheet.html"]) == 0
    page = (tmp_path / "sheet.html").read_text()
    assert page.count("data:image/webp") == 3


@pytest.mark.parametrize("name", ["index", "similar"])
def test_arguments_and_flags_have_the_same_names(name):
    command = getattr(import_module(COMMANDS[name][0]), name)
    flags = {option for param in command.params for option in param.opts}
    places = {param.name for param in command.params if isinstance(param, click.Argument)} | {"image"}  # one, or many
    defaults = command.make_context(name, ["a", "--db", "b"], resilient_parsing=True).params
    for argument in inspect.signature({"index": build, "similar": similar}[name]).parameters.values():
        if argument.name in places or argument.name == "verbose":
            continue
        flag = {"trust": "--trust-model"}.get(argument.name, f"--{argument.name}")
        assert flag in flags
        if argument.name != "db":
            assert (defaults[argument.name] or None) == (argument.default or None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["index", "photos"], "--db"),
        (["index", "photos", "--db", "db", "--info"], "--info says what is in the index, and takes no images"),
        (["index", "--db", "new"], "new: there is no index here yet; name the images"),
        (["index", "--db", "new", "--info"], "new: there is no index here"),
        (["similar", "photos/red/0.png", "--db", "new"], "new: there is no index here"),
        (["similar", "photos/red/0.png", "--db", "db", "--page", "no/sheet.html"], "--page no/sheet.html: there is no"),
        (["index", "photos", "--db", "photos"], "photos: is no index, and there are other files in it"),
        (["index", "photos", "--db", "db", "--features", "deep"], "was made with features='last', which cannot change"),
        (["index", "photos", "--db", "db", "--labels", "no.csv"], "no.csv: no such folder"),
    ],
)
def test_wrong_usage(indexed, arguments, message, capsys):
    assert run(arguments) == 2
    assert message in capsys.readouterr().err
