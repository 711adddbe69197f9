import csv
import io
import json
import os
import shutil
import zipfile

import pytest
from PIL import Image

from kerastl.cli import run
from kerastl.duplicates import find_duplicates
from kerastl.errors import KerastlError


@pytest.fixture
def db(color_model, a_scene, tmp_path):
    """An index of four images, one with a smaller mirrored crop and a gray copy, and one with the same file twice."""
    pytest.importorskip("lancedb")
    from kerastl.index import Index

    folder = tmp_path / "images"
    folder.mkdir()
    for seed in range(4):
        a_scene(seed).save(folder / f"{seed}.png")
    crop = a_scene(0).crop((30, 10, 222, 154))
    crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT).resize((150, 110)).save(folder / "crop of 0.jpg")
    a_scene(0).convert("L").save(folder / "gray.png")
    shutil.copy2(folder / "1.png", folder / "also 1.png")
    index = Index.create(tmp_path / "db", color_model, root=folder)
    index.add(str(folder))
    return tmp_path / "db"


def told(found):
    return [[(copy.path, *copy.kinds) for copy in group] for group in found.groups]


def test_copies_are_found_and_the_best_is_kept(db):
    found = find_duplicates(db, verbose=0)
    assert told(found) == [
        [("0.png",), ("crop of 0.jpg", "mirrored", "crop", "resized"), ("gray.png", "contrast")],
        [("1.png",), ("also 1.png", "same file")],
    ] or told(found) == [
        [("0.png",), ("crop of 0.jpg", "mirrored", "crop", "resized"), ("gray.png", "recompressed")],
        [("1.png",), ("also 1.png", "same file")],
    ]
    assert found.groups[0][1].shows == pytest.approx(0.64, abs=0.01)
    assert found.count == 7
    assert found.as_dict()["root"] == str(db.parent / "images")


def test_files_that_are_gone_or_changed_since_are_no_copies(db, a_scene):
    folder = db.parent / "images"
    (folder / "gray.png").unlink()
    a_scene(5).save(folder / "also 1.png")
    os.utime(folder / "also 1.png", ns=(0, 0))
    found = find_duplicates(db, verbose=0)
    assert [[copy.path for copy in group] for group in found.groups] == [["0.png", "crop of 0.jpg"]]
    assert list(found.failed) == ["gray.png"]


def test_the_command_tells_as_text_json_and_csv(db, capsys, tmp_path):
    assert run(["duplicates", "--db", str(db)]) == 0
    text, told = capsys.readouterr()
    assert text.splitlines()[0].startswith("1. keep 0.png: 240 x 180, ")
    assert "   copy also 1.png: 240 x 180, " in text
    assert "kerastl: 3 copies of 2 images among 7 images" in told
    assert run(["duplicates", "--db", str(db), "--format", "json", "-q"]) == 0
    assert [len(group) for group in json.loads(capsys.readouterr().out)["groups"]] == [3, 2]
    assert run(["duplicates", "--db", str(db), "--format", "csv", "-q", "-o", str(tmp_path / "copies.csv")]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "copies.csv").read_text())))
    assert [(row["group"], row["path"], row["keep"]) for row in rows][3:] == [
        ("2", "1.png", "1"),
        ("2", "also 1.png", "0"),
    ]


def test_a_folder_without_an_index_is_refused_in_one_line(tmp_path, capsys):
    with pytest.raises(KerastlError, match="there is no index here"):
        find_duplicates(tmp_path)
    assert run(["duplicates", "--db", str(tmp_path)]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_copies_are_found_in_archives(color_model, a_scene, tmp_path):
    pytest.importorskip("lancedb")
    from kerastl.index import Index

    with zipfile.ZipFile(tmp_path / "images.zip", "w") as archive:
        for name, seed in (("0.png", 0), ("1.png", 1), ("again/0.png", 0)):
            content = io.BytesIO()
            a_scene(seed).save(content, "PNG")
            archive.writestr(name, content.getvalue())
    index = Index.create(tmp_path / "db", color_model, root=tmp_path)
    index.add(str(tmp_path / "images.zip"))
    found = find_duplicates(tmp_path / "db", verbose=0)
    assert told(found) == [[("images.zip::0.png",), ("images.zip::again/0.png", "same file")]]
    assert not found.failed
