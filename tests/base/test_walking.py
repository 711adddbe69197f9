"""One walk for all: what is hidden, links, loops, order, and folders that kerastl wrote."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from kerastl._base.walking import RUN_MARKER, Found, is_hidden, walk


@pytest.fixture
def tree(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / "root" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path / "root"

    return make


def paths(root, kind="file"):
    return [found.path for found in walk(str(root), "") if found.kind == kind]


@pytest.mark.parametrize(
    "name",
    [
        ".DS_Store", "._x.jpg", ".git", ".ipynb_checkpoints", "Thumbs.db", "desktop.ini", "Desktop.ini", "__MACOSX",
        "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found", "#recycle", "@__thumb", "Icon\r",
    ],
)  # fmt: skip
def test_what_systems_leave_behind_is_hidden(name):
    assert is_hidden(name)


@pytest.mark.parametrize("name", ["a.jpg", "thumbs", "Thumbs.db.jpg", "_x.jpg", "icon", "eaDir", "x.", "~x.jpg"])
def test_what_people_name_is_not_hidden(name):
    assert not is_hidden(name)


def test_files_and_folders_come_sorted_level_by_level(tree):
    root = tree("b.txt", "a/2", "a/10", "a/x/deep", "c/.hidden/y", "__MACOSX/a/2")
    assert list(walk(str(root), "")) == [
        Found("a", "folder"),
        Found("a/10", "file"),
        Found("a/2", "file"),
        Found("a/x", "folder"),
        Found("a/x/deep", "file"),
        Found("b.txt", "file"),
        Found("c", "folder"),
    ]
    assert [found.path for found in walk(str(root))][:2] == [str(root / "a"), str(root / "a" / "10")]
    assert next(walk(str(root) + os.sep)).path == str(root / "a")


def test_a_folder_that_two_links_lead_to_is_gone_through_twice_and_loops_end(tree):
    root = tree("a/1", "b/2", "shared/3")
    (root / "a" / "more").symlink_to(root / "shared")
    (root / "b" / "more").symlink_to(root / "shared")
    (root / "shared" / "up").symlink_to(root)
    (root / "shared" / "self").symlink_to("self")
    assert [path for path in paths(root) if path.endswith("3")] == ["a/more/3", "b/more/3", "shared/3"]
    assert "shared/self" in paths(root)


def test_links_cannot_multiply_without_end(tmp_path):
    # Each folder is linked twice from the one before: 2 to the power of 30 ways to the last.
    folders = [tmp_path / f"level{number:02}" for number in range(31)]
    for folder in folders:
        folder.mkdir()
    for above, below in pairwise(folders):
        (above / "one").symlink_to(below)
        (above / "two").symlink_to(below)
    count = 0
    for found in walk(str(folders[0]), ""):
        count += 1
        if found.kind == "unlisted":
            assert found.detail == "1,000 links lead to it"
            break
    assert count < 100_000


def test_what_cannot_be_listed_is_told(tree, monkeypatch):
    root = tree("a/1", "b/2")
    scandir = os.scandir

    def refuse(folder):
        if os.fspath(folder).endswith("b"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(walk(str(root), ""))[-1] == Found("b", "unlisted", "Permission denied")
    assert list(walk(str(root / "nowhere"))) == [Found(str(root / "nowhere"), "unlisted", "No such file or directory")]


@pytest.mark.parametrize(
    ("names", "what"),
    [
        ((RUN_MARKER, "curves.png"), "a run"),
        (("model.keras", "metrics.json", "curves.png"), "a run"),
        (("split.csv", "state/state.json", "curves.png"), "a run"),
        (("backbone.weights.h5", "pretraining.json", "curves.png"), "a run"),
        (("report.html", "evaluation.json", "predictions.csv"), "a report"),
    ],
)
def test_folders_that_kerastl_wrote_are_not_gone_through(tree, names, what):
    root = tree("a/1.jpg", *(f"x/{name}" for name in names))
    assert [found for found in walk(str(root), "") if found.path.startswith("x")] == [Found("x", "own", what)]
    assert len(list(walk(str(root / "x"), ""))) >= len(names) - 1  # but where one is asked for, it is


@pytest.mark.parametrize("names", [("metrics.json", "1.jpg"), ("report.html", "evaluation.json", "1.jpg")])
def test_a_class_folder_with_such_a_file_stays_a_class(tree, names):
    root = tree(*(f"x/{name}" for name in names))
    assert "x/1.jpg" in paths(root)


def test_folders_of_explanations_are_told_by_what_is_in_the_images(tmp_path):
    def explanation(path: Path, software):
        path.parent.mkdir(exist_ok=True)
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Software", software)
        Image.new("RGB", (4, 4)).save(path, pnginfo=notes)

    explanation(tmp_path / "ours" / "p-gradcam-cat.png", "kerastl explain")
    explanation(tmp_path / "ours" / "p-idgi-cat-2.png", "kerastl explain")
    explanation(tmp_path / "other" / "p-gradcam-cat.png", "another program")
    assert paths(tmp_path, "own") == ["ours"]
    assert paths(tmp_path) == ["other/p-gradcam-cat.png"]
