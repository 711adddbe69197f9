import json
import os

import numpy as np
import pytest

from kerastl.errors import KerastlError, UsageError
from kerastl.results import open_results
from kerastl.results._columns import Column, RowLayout
from kerastl.results._formats import RESULT_FORMATS

LAYOUT = RowLayout(
    (
        Column("path", "text"),
        Column("score", "number"),
        Column("depth", "integer"),
        Column("rejected", "flag"),
        Column("predictions", "predictions"),
        Column("vector", "vector", 2, "float16"),
        Column("error", "text"),
    ),
    lambda row: list(row.values()),
    lambda row: {name: value for name, value in row.items() if name != "vector"},
    {"model": "m"},
    csv_safe=True,
)
PREDICTION = {"label": "=a,b", "score": 0.25, "index": 7, "wnid": None}
ROWS = [
    {"path": 'a,"1".jpg', "score": 0.25, "depth": 3, "rejected": True, "predictions": [PREDICTION],
     "vector": np.array([0.5, -0.1], np.float16), "error": None},
    {"path": "=b", "score": None, "depth": None, "rejected": None, "predictions": None, "vector": None,
     "error": "no such file"},
]  # fmt: skip


def written(tmp_path, form, rows):
    file = tmp_path / f"part.{form}"
    RESULT_FORMATS[form].write(file, iter(rows), LAYOUT)
    with file.open("rb") as stream:
        return file, list(RESULT_FORMATS[form].read(stream))


def test_parquet_has_typed_columns(tmp_path):
    pytest.importorskip("pyarrow")
    file, (first, second) = written(tmp_path, "parquet", ROWS)
    assert second == ROWS[1]
    assert first | {"vector": None} == ROWS[0] | {"vector": None}
    np.testing.assert_array_equal(np.array(first["vector"], np.float16), ROWS[0]["vector"])
    from pyarrow import parquet

    schema = parquet.read_schema(file)
    assert schema.metadata[b"kerastl.model"] == b"m"
    assert [str(field.type) for field in schema][:4] == ["string", "double", "int64", "bool"]
    assert str(schema.field("vector").type) == "fixed_size_list<element: halffloat>[2]"


def test_csv_has_a_row_an_image_and_a_column_a_number(tmp_path):
    file, (first, second) = written(tmp_path, "csv", ROWS)
    assert file.read_text().splitlines()[0] == "path,score,depth,rejected,predictions,f0,f1,error"
    assert json.loads(first.pop("predictions")) == [PREDICTION]
    assert first == {
        "path": 'a,"1".jpg', "score": "0.25", "depth": "3", "rejected": "1", "f0": "0.5", "f1": "-0.1", "error": ""
    }  # fmt: skip
    assert second["path"] == "'=b"  # no formula
    assert second["error"] == "no such file"
    assert second["f0"] == second["score"] == ""


@pytest.mark.parametrize("form", RESULT_FORMATS)
def test_names_that_are_no_text_have_rows_in_every_format(tmp_path, form):
    pytest.importorskip("pyarrow")
    _, (row,) = written(tmp_path, form, [ROWS[1] | {"path": "\udcff.jpg"}])
    assert row["path"] == ("\\xff.jpg" if form == "parquet" else "\udcff.jpg")


@pytest.mark.parametrize(
    "change",
    [
        lambda values: values.update(format=2),
        lambda values: values.update(shard=2),
        lambda values: values.update(shards=10**9),
        lambda values: values.update(complete="yes"),
        lambda values: values.update(parts="many"),
        lambda values: values["parts"][0].update(file="../../etc/passwd"),
        lambda values: values["parts"][0].update(file="part-000002.jsonl"),
        lambda values: values["parts"][0].update(rows=-1),
        lambda values: values["parts"][0].update(rows=True),
        lambda values: values["parts"][0].update(failed=4),
        lambda values: values["parts"][0].update(more=1),
        lambda values: values["asked"].update(format="exe"),
        lambda values: values["asked"].update(options=[]),
        lambda values: values["asked"].update(model=1),
        lambda values: values["asked"].update(sources=[1]),
        lambda values: values.pop("asked"),
    ],
)
def test_a_manifest_from_anywhere_is_checked(tmp_path, write, change):
    write(tmp_path / "out", ["a", "b", "c", "d"])
    file = tmp_path / "out" / "_manifest.json"
    values = json.loads(file.read_text())
    change(values)
    file.write_text(json.dumps(values))
    with pytest.raises(KerastlError, match=r"_manifest\.json: is "):
        open_results(tmp_path / "out")
    with pytest.raises(KerastlError, match=r"_manifest\.json: is "):
        write(tmp_path / "out", ["a", "b", "c", "d"])


@pytest.mark.parametrize("content", ["", "[]", "null", "[" * 100_000, "\xff", '{"format": 1}'])
def test_what_is_no_manifest_is_said_in_a_line(tmp_path, content):
    (tmp_path / "_manifest.json").write_text(content, encoding="latin-1")
    with pytest.raises(KerastlError, match=r"_manifest\.json: is no manifest of results \(broken\)"):
        open_results(tmp_path)


def test_no_link_and_no_pipe_is_read(tmp_path, write):
    write(tmp_path / "out", ["a"])
    part = tmp_path / "out" / "part-000001.jsonl"
    part.rename(tmp_path / "elsewhere")
    part.symlink_to(tmp_path / "elsewhere")
    found = open_results(tmp_path / "out")
    assert found.damaged == [part]
    with pytest.raises(KerastlError, match=r"part-000001\.jsonl: cannot be read as JSON lines"):
        list(found)
    (tmp_path / "out" / "_manifest.json").unlink()
    os.mkfifo(tmp_path / "out" / "_manifest.json")
    with pytest.raises(KerastlError, match="is no manifest of results"):
        open_results(tmp_path / "out")


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("jsonl", b"[1]\n"),
        ("jsonl", b"{\n"),
        ("jsonl", b"[" * 100_000),
        ("csv", b'path,error\n"a'),
        ("parquet", b"PAR1"),
    ],
)
def test_a_file_that_is_none_of_its_format_is_said_in_a_line(tmp_path, write, form, content):
    if form == "parquet":
        pytest.importorskip("pyarrow")
    write(tmp_path / "out", ["a"], form=form)
    (tmp_path / "out" / f"part-000001.{form}").write_bytes(content)
    with pytest.raises(KerastlError, match=rf"part-000001\.{form}: cannot be read as "):
        list(open_results(tmp_path / "out"))


def test_shards_of_different_work_are_not_read_together(tmp_path, write):
    write(tmp_path / "a", ["a"], shard="1/2")
    write(tmp_path / "b", ["a"], shard="2/2", model="another")
    write(tmp_path / "c", ["a"], shard="2/3")
    other = (tmp_path / "b" / "_manifest-2of2.json").rename(tmp_path / "a" / "_manifest-2of2.json")
    with pytest.raises(KerastlError, match="holds the results of different questions: model was"):
        open_results(tmp_path / "a")
    other.unlink()
    (tmp_path / "c" / "_manifest-2of3.json").rename(tmp_path / "a" / "_manifest-2of3.json")
    with pytest.raises(KerastlError, match="holds shards of 2 and of 3"):
        open_results(tmp_path / "a")


def test_a_folder_without_results_is_said(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(UsageError, match="holds no results"):
            open_results(folder)
