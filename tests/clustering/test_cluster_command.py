import csv
import io
import json

import pytest
from PIL import Image

from kerastl.cli import run
from kerastl.clustering import cluster
from kerastl.errors import UsageError


@pytest.fixture
def db(color_model, tmp_path):
    """An index of fifteen images: six reds, five greens, four blues."""
    pytest.importorskip("lancedb")
    from kerastl.index import Index

    folder = tmp_path / "images"
    folder.mkdir()
    for place, (name, count) in enumerate({"red": 6, "green": 5, "blue": 4}.items()):
        for number in range(count):
            color = [10 + 8 * number] * 3
            color[place] = 250
            Image.new("RGB", (32, 32), tuple(color)).save(folder / f"{name}{number}.png")
    index = Index.create(tmp_path / "db", color_model, root=folder)
    index.add(str(folder))
    return tmp_path / "db"


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_groups_are_named_by_what_the_model_says(db):
    found = cluster(db, 3, verbose=0)
    assert [(one.name, one.count) for one in found] == [("red", 6), ("green", 5), ("blue", 4)]
    assert {(image.path[:-5], image.name) for image in found.images} == {
        ("red", "red"), ("green", "green"), ("blue", "blue"),
    }  # fmt: skip


@pytest.mark.parametrize("clusters", [0, "many", True, 16])
def test_what_is_no_number_of_groups_is_refused(db, clusters):
    with pytest.raises(UsageError, match="clusters must be"):
        cluster(db, clusters)


def test_the_command_tells_as_text_json_and_csv(db, capsys):
    command = ["cluster", "--db", str(db), "--clusters", "3"]
    assert run(command) == 0
    text, told = capsys.readouterr()
    assert text.splitlines()[0].startswith("1 red: 6 images, such as red")
    assert "kerastl: 15 images in 3 groups" in told
    assert run([*command, "--format", "json", "-q"]) == 0
    assert [one["name"] for one in json.loads(capsys.readouterr().out)["clusters"]] == ["red", "green", "blue"]
    assert run([*command, "--format", "csv", "-q"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(row["path"], row["cluster"]) for row in rows if row["name"] == "blue"} == {
        (f"blue{number}.png", "3") for number in range(4)
    }


@pytest.mark.parametrize(("action", "done"), [("--copy", "copied"), ("--move", "moved"), ("--link", "linked")])
def test_groups_become_folders_and_go_back(db, tmp_path, capsys, action, done):
    images, out = tmp_path / "images", tmp_path / "out"
    before = files(images)
    assert run(["cluster", "--db", str(db), "--clusters", "3", "-o", str(out), action]) == 0
    assert f"15 images {done} into 3 folders" in capsys.readouterr().err
    assert files(out) == sorted([*(f"{name[:-5]}/{name}" for name in before), "sort.csv"])
    assert files(images) == ([] if action == "--move" else before)
    assert run(["cluster", "--undo", str(out)]) == 0
    assert files(images) == before
    assert not out.exists()


def test_an_image_that_is_gone_is_told(db, tmp_path, capsys):
    (tmp_path / "images" / "red0.png").unlink()
    assert run(["cluster", "--db", str(db), "--clusters", "3", "-o", str(tmp_path / "out")]) == 1
    told = capsys.readouterr().err
    assert "red0.png: cannot be sorted" in told
    assert "1 of 15 images could not be brought there" in told


def test_the_command_says_what_is_missing(capsys, tmp_path):
    assert run(["cluster"]) == 2
    assert "--db DIR is missing" in capsys.readouterr().err
    assert run(["cluster", "--db", str(tmp_path), "--dry-run"]) == 2
    assert "--dry-run is for --output DIR" in capsys.readouterr().err
    assert run(["cluster", "--db", str(tmp_path), "--clusters", "none"]) == 2
    assert "clusters" in capsys.readouterr().err
