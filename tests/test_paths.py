"""Paths from files, folders, patterns and pipes."""
# ruff: noqa: PTH102, PTH109, PTH118, PTH123

from __future__ import annotations

import io
import os
import sys

import pytest

from kerastl import _paths as paths_module
from kerastl._paths import expand
from kerastl.errors import UsageError


@pytest.fixture
def tree(tmp_path, monkeypatch):
    for name in (
        "b.jpg",
        "a/2.png",
        "a/10.png",
        "a/deep/x.jpg",
        "c/.hidden.jpg",
        "c/Thumbs.db",
        ".git/y.jpg",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["b.jpg", "a/2.png"], ["b.jpg", "a/2.png"]),
        (["none.jpg"], ["none.jpg"]),
        (["a"], ["a/10.png", "a/2.png", "a/deep/x.jpg"]),
        (["a/"], ["a/10.png", "a/2.png", "a/deep/x.jpg"]),
        (["."], ["./a/10.png", "./a/2.png", "./a/deep/x.jpg", "./b.jpg"]),
        (["c"], ["c"]),  # nothing but hidden files: the folder itself is reported
        (["*.jpg"], ["b.jpg"]),
        (["a/*"], ["a/10.png", "a/2.png", "a/deep/x.jpg"]),  # as when the shell expands it
        (["a/[0-9].png"], ["a/2.png"]),
        (["**/*.jpg"], ["a/deep/x.jpg", "b.jpg"]),
        (["a/**"], ["a/10.png", "a/2.png", "a/deep/x.jpg"]),
        (["?/**/x.*"], ["a/deep/x.jpg"]),
        (["*.gif"], ["*.gif"]),
        ([], []),
    ],
)
def test_sources(tree, sources, expected):
    assert list(expand(sources)) == [path.replace("/", os.sep) for path in expected]


def test_a_file_named_like_a_pattern_is_that_file(tree):
    (tree / "[a].jpg").touch()
    assert list(expand(["[a].jpg"])) == ["[a].jpg"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"b.jpg\nx y.jpg\n", ["b.jpg", "x y.jpg"]),
        (b"b.jpg\r\n\r\nx.jpg", ["b.jpg", "x.jpg"]),
        (b"\xef\xbb\xbfb.jpg\n", ["b.jpg"]),
        (b"new\nline.jpg\0b.jpg\0", ["new\nline.jpg", "b.jpg"]),
        (b"*.jpg\n-\n", ["*.jpg", "-"]),  # names, not patterns
        (b"a/deep\nb.jpg\n", [os.path.join("a/deep", "x.jpg"), "b.jpg"]),
        (b"", []),
        (b"only", ["only"]),
    ],
)
def test_list_on_standard_input(tree, data, expected):
    assert list(expand(["-"], stdin=io.BytesIO(data))) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="names are text on Windows")
def test_names_that_are_no_text_come_back_as_the_same_bytes(tree):
    (path,) = expand(["-"], stdin=io.BytesIO(b"caf\xe9.jpg\n"))
    assert os.fsencode(path) == b"caf\xe9.jpg"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes have other ends on Windows")
def test_a_pipe_is_read_as_it_comes(tree):
    reading, writing = os.pipe()
    with open(reading, "rb") as stream, open(writing, "wb", buffering=0) as pipe:
        pipe.write(b"one.jpg\ntwo")
        paths = expand(["-"], stdin=stream)
        assert next(paths) == "one.jpg"  # though the writer has not finished
        pipe.write(b".jpg\n")
        assert next(paths) == "two.jpg"


def test_folders_are_listed_only_when_their_turn_comes(tree):
    paths = expand(["a", "late"])
    assert next(paths) == os.path.join("a", "10.png")
    (tree / "late").mkdir()
    (tree / "late" / "z.jpg").touch()
    assert list(paths)[-1] == os.path.join("late", "z.jpg")


def test_links_in_a_circle_end(tree):
    (tree / "a" / "up").symlink_to(tree, target_is_directory=True)
    (tree / "a" / "self.jpg").symlink_to("self.jpg")
    (tree / "a" / "gone.jpg").symlink_to("nowhere")
    expected = ["a/10.png", "a/2.png", "a/deep/x.jpg", "a/gone.jpg", "a/self.jpg", "a/up/b.jpg"]
    assert list(expand(["a"])) == expected
    assert list(expand(["**/x.jpg"])) == ["a/deep/x.jpg"]


def test_a_folder_that_cannot_be_read_is_given_for_the_report(tree, monkeypatch):
    scandir = os.scandir

    def refuse(folder):
        if os.fspath(folder).endswith("deep"):
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert list(expand(["a"])) == ["a/10.png", "a/2.png", "a/deep"]


def test_very_deep_folders(tmp_path, monkeypatch):
    (tmp_path / "keep").touch()
    monkeypatch.chdir(tmp_path)
    for _ in range(1200):  # deeper than Python recurses
        os.mkdir("d")
        os.chdir("d")
    deepest = os.getcwd()
    monkeypatch.chdir(tmp_path)
    assert list(expand(["d"])) == ["d"]
    os.removedirs(deepest)  # what removes `tmp_path` would recurse, too


class Drops(io.RawIOBase):
    """A pipe that gives one byte at a time, without end."""

    def __init__(self, byte):
        self._byte = byte
        self.given = 0

    def read1(self, size):
        self.given += 1
        return self._byte * min(size, 1000)


@pytest.mark.parametrize("byte", [b"x", b"\xff", b" ", b"/", b"\xe2"])
def test_a_list_without_an_end_of_line_is_not_read_for_ever(byte):
    pipe = Drops(byte)
    with pytest.raises(UsageError, match="line of more than 65,536 bytes, which is no path"):
        list(paths_module.paths(pipe))
    assert pipe.given <= 66


def test_a_line_may_not_be_endless_after_others():
    found = paths_module.paths(io.BytesIO(b"a.jpg\nb.jpg\n" + b"x" * 200_000))
    assert [next(found), next(found)] == ["a.jpg", "b.jpg"]
    with pytest.raises(UsageError, match="no path"):
        next(found)


def test_the_longest_paths_pass():
    name = "d/" * 30_000
    assert list(paths_module.paths(io.BytesIO(f"{name}\n{name}a".encode()))) == [name, f"{name}a"]


@pytest.mark.parametrize(
    "beginning", [b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"RIFF1234WEBPVP8 "]
)
def test_an_image_is_no_list(beginning):
    with pytest.raises(UsageError, match=r"begins like a .* file, and - stands for a list of paths"):
        list(paths_module.paths(io.BytesIO(beginning + b"\n\0" * 100)))


def test_a_mark_before_the_first_line_is_no_part_of_it():
    assert list(paths_module.paths(io.BytesIO(b"\xef\xbb\xbfa\r\nb"))) == ["a", "b"]
