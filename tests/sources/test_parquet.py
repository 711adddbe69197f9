"""Parquet files with images: bytes, or Hugging Face's struct, with paths or without."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest
from archive_files import GREEN, RED
from pyarrow import parquet

IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


@pytest.fixture
def table(tmp_path, monkeypatch):
    """Write a table into the current folder; give its name."""
    monkeypatch.chdir(tmp_path)

    def write(columns, metadata=None, **options):
        parquet.write_table(pa.table(columns).replace_schema_metadata(metadata), tmp_path / "a.parquet", **options)
        return "a.parquet"

    return write


def structs(*rows):
    return pa.array([{"bytes": content, "path": path} for content, path in rows], IMAGE)


def test_a_column_of_bytes_gives_images_by_number(table, told):
    name = table({"label": [1, 2], "picture": pa.array([RED, GREEN], pa.large_binary())})
    assert told(name) == [("a.parquet::0", RED), ("a.parquet::1", GREEN)]


def test_a_path_column_names_them(table, told):
    name = table({"image": [RED, GREEN], "file_name": ["x/a.png", "b.png"]})
    assert told(name) == [("a.parquet::x/a.png", RED), ("a.parquet::b.png", GREEN)]


def test_the_struct_of_hugging_face_names_them(table, told):
    name = table({"image": structs((RED, "a.png"), (GREEN, "b.png"))})
    assert told(name) == [("a.parquet::a.png", RED), ("a.parquet::b.png", GREEN)]


@pytest.mark.parametrize("paths", [["a.png", "a.png"], ["a.png", None], [None, None], ["", "a.png"]])
def test_paths_that_do_not_tell_images_apart_are_not_taken(table, told, paths):
    name = table({"image": structs(*zip((RED, GREEN), paths, strict=True))})
    assert told(name) == [("a.parquet::0", RED), ("a.parquet::1", GREEN)]


def test_a_row_without_an_image_is_told_and_so_is_a_path_that_leads_elsewhere(table, told):
    name = table({"image": structs((RED, "a.png"), (None, "b.png"), (GREEN, "../c.png"))})
    assert told(name) == [
        ("a.parquet::a.png", RED),
        ("a.parquet::b.png", "its row holds no image"),
        ("a.parquet::../c.png", "its name has .. in it"),
    ]


def test_what_datasets_wrote_tells_which_column_holds_images(table, told):
    said = {"info": {"features": {"x": {"_type": "Image"}, "image": {"_type": "Value"}}}}
    name = table({"image": [b"?"], "x": [RED]}, {"huggingface": json.dumps(said)})
    assert told(name) == [("a.parquet::0", RED)]


@pytest.mark.parametrize("said", ["{", "[]", '{"info": null}', '{"info": {"features": ["x"]}}'])
def test_metadata_that_make_no_sense_say_nothing(table, told, said):
    assert told(table({"image": [RED]}, {"huggingface": said})) == [("a.parquet::0", RED)]


def test_where_no_column_can_be_told_that_is_said(table, told):
    ((_, reason),) = told(table({"x": [RED], "y": [GREEN]}))
    assert reason == "cannot tell where its images are: columns 'x', 'y' may be; call one of them image"
    ((_, reason),) = told(table({"x": ["a"]}))
    assert reason == "cannot tell where its images are: no column holds their bytes"


def test_all_row_groups_are_read(table, told):
    name = table({"image": [RED, GREEN] * 20}, row_group_size=7)
    assert told(name) == [(f"a.parquet::{number}", (RED, GREEN)[number % 2]) for number in range(40)]


def test_a_truncated_file_is_told(table, told, tmp_path):
    name = table({"image": [RED]})
    whole = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(whole[:-20])
    assert told(name) == [(name, "no Parquet file, or truncated: what it holds is said at its end")]
