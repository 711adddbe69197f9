"""classify and embed into folders of parts, and `kerastl results`."""

import csv
import json

import numpy as np
import pytest

import kerastl
from kerastl.cli import run
from kerastl.errors import UsageError
from kerastl.results import open_results


@pytest.fixture
def images(image):
    """A red, a green and a blue image in a folder, and a file that is none."""
    made = [image(f"images/{color}.png", color) for color in ("blue", "lime", "red")]
    (made[0].parent / "broken.png").write_bytes(b"no image")
    return made[0].parent


ORDER = ["blue.png", "broken.png", "lime.png", "red.png"]


@pytest.fixture
def classify(color_model, images, tmp_path):
    def classify(*options, output="out", sources=None):
        sources = [str(images)] if sources is None else sources
        return run(["classify", *sources, "-m", str(color_model), "-o", f"{tmp_path}/{output}", *options])

    classify.model = str(color_model)
    return classify


def test_classify_writes_parquet_that_other_programs_read_as_one_table(classify, images, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    assert classify("--format", "parquet", "--part-size", "3") == 1
    table = parquet.read_table(tmp_path / "out")
    assert table["path"].to_pylist() == [str(images / name) for name in ORDER]
    assert table["label"].to_pylist() == ["blue", None, "green", "red"]
    np.testing.assert_allclose(table["score"].to_pylist()[0], 0.99990921, atol=1e-6)
    assert table["error"].to_pylist() == [None, "a text file, not an image", None, None]
    assert [len(row or ()) for row in table["predictions"].to_pylist()] == [3, 0, 3, 3]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_a_name_that_ends_in_a_stroke_is_a_folder(classify, tmp_path, form):
    assert classify("--format", form, output="new/") == 1
    results = open_results(tmp_path / "new")
    assert (results.format, results.rows, results.failed, results.complete) == (form, 4, 1, True)


def test_lines_in_parts_are_those_of_a_file(classify, tmp_path):
    assert classify("--format", "jsonl", output="file.jsonl") == 1
    assert classify("--format", "jsonl", "--part-size", "2") == 1
    parts = sorted((tmp_path / "out").glob("part-*.jsonl"))
    assert len(parts) == 2
    assert b"".join(part.read_bytes() for part in parts) == (tmp_path / "file.jsonl").read_bytes()


def test_a_file_stays_a_file(classify, tmp_path):
    classify("--format", "csv", output="file")
    assert (tmp_path / "file").is_file()


def test_the_second_call_computes_nothing_and_says_the_same(classify, tmp_path, capsys):
    assert classify("--format", "csv", "--part-size", "3") == 1
    before = (tmp_path / "out" / "part-000001.csv").stat()
    capsys.readouterr()
    assert classify("--format", "csv", "--part-size", "3") == 1
    err = capsys.readouterr().err
    assert "goes on after 4 images that are done" in err
    assert "1 of 4 images could not be classified" in err
    assert (tmp_path / "out" / "part-000001.csv").stat() == before
    assert classify("--format", "csv", "--part-size", "3", "--top", "1") == 2
    assert "another question: --top was 3 and is 1; take another folder" in capsys.readouterr().err


def test_shards_read_together(classify, images, tmp_path, capsys, monkeypatch):
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)  # the shard of an image depends on its name
    codes = {classify("--format", "parquet", "--shard", "2/2", sources=["images"])}
    assert run(["results", "out"]) == 1
    assert "not complete: 1 of 2 shards are\nshard 1: 0 images so far\n" in capsys.readouterr().out
    codes.add(classify("--format", "parquet", "--shard", "1/2", sources=["images"]))
    assert codes == {0, 1}
    capsys.readouterr()
    assert run(["results", "out"]) == 0
    out = capsys.readouterr().out
    assert out == "classify with colors: 4 images in 2 parquet files\n1 of them failed\ncomplete: 2 of 2 shards are\n"
    assert run(["results", "out", "--rows"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(row["path"] for row in rows) == [f"images/{name}" for name in ORDER]


def test_those_that_failed_are_a_list_for_another_run(classify, images, tmp_path, capsys):
    classify("--format", "csv", "--part-size", "2")
    capsys.readouterr()
    assert run(["results", str(tmp_path / "out"), "--failed"]) == 0
    assert capsys.readouterr().out == f"{images / 'broken.png'}\n"
    assert run(["results", str(tmp_path / "out"), "--failed", "--rows"]) == 2


def test_numbers_have_columns_of_their_own(number_model, images, tmp_path):
    options = ["--format", "csv", "--output", f"{tmp_path}/out/"]
    assert run(["classify", str(images), "-m", str(number_model), *options]) == 1
    with (tmp_path / "out" / "part-000001.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["name"] for row in rows] == ["redness", "", "redness", "redness"]
    assert [float(row["value"] or -1) for row in rows] == pytest.approx([0, -1, 0, 10], abs=1e-4)
    assert "label" not in rows[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--shard", "1/2"], "need --format parquet, csv or jsonl"),
        (["--format", "json", "--part-size", "5"], "need --format parquet, csv or jsonl"),
        (["--format", "csv", "--shard", "3/2", "-o", "out"], "shard must be I/N"),
        (["--format", "parquet"], "needs --output DIR"),
        (["--format", "parquet", "-o", "-"], "needs --output DIR"),
        (["--format", "text", "-o", "."], "need --format parquet, csv or jsonl"),
        (["--format", "csv", "-o", "."], "is not empty, and holds no results"),
        (["--format", "csv", "--part-size", "1", "-o", "letter.txt"], "letter.txt: cannot be written"),
    ],
)
def test_what_cannot_be_is_said_before_a_network_is_loaded(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").touch()
    assert run(["classify", "a.png", "-m", "no/such/model", *options]) == 2
    assert message in capsys.readouterr().err


def test_embed_writes_parts_as_the_function_does(color_model, images, tmp_path):
    options = ["--format", "jsonl", "--part-size", "3", "--dtype", "float16"]
    assert run(["embed", str(images), "-m", str(color_model), "-o", str(tmp_path / "a"), *options]) == 1
    found = kerastl.embed(
        str(images), tmp_path / "b", str(color_model), format="jsonl", part_size=3, dtype="float16", verbose=0
    )
    assert (found.count, list(found.failed)) == (3, [str(images / "broken.png")])
    files = [sorted((tmp_path / name).glob("[p_]*")) for name in "ab"]
    assert [file.read_bytes() for file in files[0]] == [file.read_bytes() for file in files[1]]
    rows = list(open_results(tmp_path / "a"))
    np.testing.assert_allclose([row["vector"] for row in rows if "vector" in row], np.eye(3)[::-1], atol=1e-6)
    assert rows[1] == {"path": str(images / "broken.png"), "error": "a text file, not an image"}


def test_vectors_in_parquet_are_null_where_there_is_none(color_model, images, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    kerastl.embed([str(images)], tmp_path / "out", str(color_model), format="parquet", shard="1/1", verbose=0)
    table = parquet.read_table(tmp_path / "out")
    assert [row is None for row in table["vector"].to_pylist()] == [False, True, False, False]
    assert table["size"].to_pylist()[2] == (images / "lime.png").stat().st_size


def test_parts_of_vectors_need_their_format(tmp_path, capsys):
    with pytest.raises(UsageError, match="part_size and shard are for results in parts: give their format, too"):
        kerastl.embed("a.png", tmp_path / "out", part_size=3)
    with pytest.raises(UsageError, match="format must be one of parquet, csv, jsonl"):
        kerastl.embed("a.png", tmp_path / "out", format="npy")
    assert run(["embed", "a.png", "-o", str(tmp_path)]) == 2
    assert "need --format parquet, csv or jsonl" in capsys.readouterr().err


def test_images_in_an_archive_are_divided_and_gone_on_with(classify, images, tmp_path, monkeypatch):
    import tarfile

    monkeypatch.chdir(tmp_path)
    with tarfile.open("all.tar", "w") as archive:
        for name in ORDER:
            archive.add(images / name, name)
    expected = [f"all.tar::{name}" for name in ORDER]
    for shard in ("1/2", "2/2"):
        classify("--format", "jsonl", "--shard", shard, sources=["all.tar"])
    assert sorted(row["path"] for row in open_results("out")) == expected
    for _ in range(2):
        assert classify("--format", "jsonl", "--part-size", "3", output="whole", sources=["all.tar"]) == 1
    rows = list(open_results("whole"))
    assert [row["path"] for row in rows] == expected
    assert rows[1]["error"] == "a text file, not an image"
    found = kerastl.embed(["all.tar"], "vectors", classify.model, format="jsonl", shard="2/2", verbose=0)
    assert found.count + len(found.failed) == open_results("out").shards[1].rows
