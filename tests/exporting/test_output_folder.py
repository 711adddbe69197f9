"""The folder of exports: what kerastl wrote may be replaced, and nothing else."""

from pathlib import Path

import pytest

from kerastl.errors import KerastlError, UsageError
from kerastl.exporting._output_folder import MANIFEST, OutputFolder


def put(folder, name, **files):
    """Write a folder with files, or a file where only `content` is given."""
    with folder.staging() as staged:
        path = staged / name
        if "content" in files:
            path.write_text(files["content"])
        else:
            path.mkdir()
            for file, text in files.items():
                (path / file).write_text(text)
        return folder.put(path)


def test_a_folder_is_replaced_whole(tmp_path):
    folder = OutputFolder(tmp_path / "out")
    put(folder, "model", a="1", b="2")
    put(folder, "model", b="3")
    assert [path.name for path in (tmp_path / "out" / "model").iterdir()] == ["b"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [MANIFEST, "model"]


def test_a_folder_that_cannot_take_its_place_leaves_the_earlier_one(tmp_path, monkeypatch):
    folder = OutputFolder(tmp_path)
    put(folder, "model", a="1")
    replace = Path.replace

    def fails(self, target):
        if self.name == "model":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails)
    with pytest.raises(KeyboardInterrupt):
        put(folder, "model", a="2")
    assert (tmp_path / "model" / "a").read_text() == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == [MANIFEST, "model"]


def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model").symlink_to(tmp_path / "precious")
    folder = OutputFolder(tmp_path / "out")
    with pytest.raises(UsageError, match="not what kerastl export wrote"):
        put(folder, "model", content="new")
    assert (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("text", ["", "[1, 2]", '{"model": 3}', "{" * 100_000])
def test_a_broken_manifest_knows_nothing(tmp_path, text):
    folder = OutputFolder(tmp_path)
    put(folder, "model", content="old")
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(UsageError, match="not what kerastl export wrote"):
        folder.check("model")
    assert folder.check("another") is None


def test_two_exports_into_one_folder_know_of_each_other(tmp_path):
    first, second = OutputFolder(tmp_path), OutputFolder(tmp_path)
    put(first, "a", content="1")
    put(second, "b", content="2")
    put(first, "b", content="3")
    put(second, "a", content="4")
    assert [(tmp_path / name).read_text() for name in "ab"] == ["4", "3"]


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(KerastlError, match="file: cannot be written"):
        OutputFolder(tmp_path / "file")
