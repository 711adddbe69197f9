"""Images beside `metadata.jsonl` or `metadata.csv`, as Hugging Face lays them out."""

from __future__ import annotations

import json

import pytest
from archive_files import png

from kerastl.data import scan
from kerastl.errors import DataError


@pytest.fixture
def folder(tmp_path):
    """Make images and a table that names them."""

    def make(name, text, images=("a.png", "b.png", "c.png")):
        for number, image in enumerate(images):
            file = tmp_path / image
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(png((number, 0, 0)))
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
        return tmp_path

    return make


def lines(*rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


ROWS = [{"file_name": f"{name}.png", "label": label} for name, label in zip("abc", "xyx", strict=True)]
CSV = "file_name,label\na.png,x\nb.png,y\nc.png,x\n"


@pytest.mark.parametrize(("name", "text"), [("metadata.jsonl", lines(*ROWS)), ("metadata.csv", CSV)])
def test_the_labels_are_read(folder, name, text):
    dataset = scan(folder(name, text))
    assert [(item.path, item.label) for item in dataset.items] == [("a.png", "x"), ("b.png", "y"), ("c.png", "x")]


@pytest.mark.parametrize(("name", "text"), [("metadata.jsonl", lines(*ROWS)), ("metadata.csv", CSV)])
def test_each_split_has_its_own(folder, name, text):
    root = folder(f"train/{name}", text, [f"train/{image}.png" for image in "abc"])
    folder(f"test/{name}", text, [f"test/{image}.png" for image in "abc"])
    items = scan(root).items
    assert {(item.path.partition("/")[0], item.split) for item in items} == {("train", "train"), ("test", "val")}
    assert [item.label for item in items] == ["x", "y", "x"] * 2


def test_what_is_no_label_is_passed_over(folder):
    rows = [{**row, "objects": {"bbox": [1, 2]}, "note": None} for row in ROWS]
    assert scan(folder("metadata.jsonl", "\n" + lines(*rows))).classes == ("x", "y")


def test_lists_are_several_labels(folder):
    rows = [{"file_name": "a.png", "label": ["x", "y"]}, {"file_name": "b.png", "label": []}]
    dataset = scan(folder("metadata.jsonl", lines(*rows), ["a.png", "b.png"]), task="multilabel")
    assert [dataset.class_names(item) for item in dataset.items] == [("x", "y"), ()]


def test_a_file_of_another_name_is_read_where_it_is_named(folder):
    root = folder("labels.jsonl", lines(*ROWS))
    assert scan(root / "labels.jsonl").classes == ("x", "y")
    with pytest.raises(DataError):
        scan(root)


@pytest.mark.parametrize("text", ["[1]\n", "{\n", '"x"\n', "[" * 100_000])
def test_what_is_no_object_is_refused(folder, text):
    with pytest.raises(DataError, match="line 1 is no JSON object"):
        scan(folder("labels.jsonl", text) / "labels.jsonl")
