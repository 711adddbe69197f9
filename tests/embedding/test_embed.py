import csv
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import kerastl
from kerastl.cli import run
from kerastl.embedding import EmbeddedImage, Embedder
from kerastl.embedding._embed import write_embeddings
from kerastl.embedding._formats import EMBEDDING_FORMATS, VectorsAbout
from kerastl.errors import KerastlError, UsageError

SUFFIXES = list(EMBEDDING_FORMATS)


def read(file):
    """Paths and vectors of a file, by other programs' means."""
    if file.suffix == ".npy":
        with file.with_suffix(".paths.csv").open(newline="") as stream:
            return [row["path"] for row in csv.DictReader(stream)], np.load(file)
    if file.suffix == ".parquet":
        table = pytest.importorskip("pyarrow.parquet").read_table(file)
        return table["path"].to_pylist(), np.array(table["vector"].to_pylist())
    if file.suffix == ".csv":
        with file.open(newline="") as stream:
            _, *rows = csv.reader(stream)
        return [row[0] for row in rows], np.array([row[4:] for row in rows], np.float64)
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    return [row["path"] for row in rows], np.array([row["vector"] for row in rows])


@pytest.mark.parametrize("dtype", ["float32", "float16"])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_is_written_is_read_back_to_the_bit(tmp_path, suffix, dtype):
    vectors = np.random.default_rng(0).normal(size=(1030, 3)).astype(dtype)  # more than a group of rows
    names = [f'a,"{number}".jpg' for number in range(1030)]
    rows = [EmbeddedImage(name, "0f" * 16, 7, 8, vector) for name, vector in zip(names, vectors, strict=True)]
    file = tmp_path / f"out{suffix}"
    EMBEDDING_FORMATS[suffix].write(file, iter(rows), VectorsAbout("m", "i", "last", dtype, 3))
    paths, found = read(file)
    assert paths == names
    np.testing.assert_array_equal(found.astype(dtype), vectors)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_no_rows_make_an_empty_file(tmp_path, suffix):
    file = tmp_path / f"out{suffix}"
    EMBEDDING_FORMATS[suffix].write(file, iter([]), VectorsAbout("m", "i", "last", "float32", 3))
    paths, found = read(file)
    assert not paths
    assert suffix != ".npy" or found.shape == (0, 3)


@pytest.fixture(scope="module")
def embedder(color_model):
    return Embedder(kerastl.load(color_model))


@pytest.fixture
def images(image):
    """Ten images of different colors, in a folder."""
    made = [image(f"images/{number}.png", (9 * number, 9, 100)) for number in range(10)]
    return made[0].parent


def written(embedder, images, output, stop_after=None):
    """Write vectors, or be interrupted; which images the network has seen."""
    seen = []
    pixels = embedder.classifier.pixels

    def watched(image, tta=None):
        seen.append(Path(image.name).name)
        return pixels(image)

    def note(row):
        nonlocal stop_after
        if stop_after is not None:
            stop_after -= 1
            if stop_after < 0:
                raise KeyboardInterrupt

    embedder.classifier.pixels = watched
    try:
        write_embeddings(embedder, images, output, note)
    finally:
        del embedder.classifier.pixels
    return seen


@pytest.fixture
def begun(embedder, images, tmp_path):
    """What a call leaves that was interrupted after six images; and what it should have written."""
    written(embedder, images, tmp_path / "whole.npy")
    with pytest.raises(KeyboardInterrupt):
        written(embedder, images, tmp_path / "out.npy", stop_after=6)
    assert not (tmp_path / "out.npy").exists()
    return tmp_path / "out.npy.part"


def check_whole(tmp_path):
    for whole, file in (("whole.npy", "out.npy"), ("whole.paths.csv", "out.paths.csv")):
        assert (tmp_path / file).read_bytes() == (tmp_path / whole).read_bytes()
    assert not (tmp_path / "out.npy.part").exists()


def test_an_interrupted_call_goes_on_to_the_same_file(embedder, images, begun, tmp_path):
    assert sorted(written(embedder, images, tmp_path / "out.npy")) == [f"{number}.png" for number in range(6, 10)]
    check_whole(tmp_path)


def test_images_in_an_archive_are_embedded_once_too(embedder, images, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shutil.make_archive("images", "zip", images)
    written(embedder, "images.zip", tmp_path / "whole.npy")
    with pytest.raises(KeyboardInterrupt):
        written(embedder, "images.zip", tmp_path / "out.npy", stop_after=6)
    assert len(written(embedder, "images.zip", tmp_path / "out.npy")) == 4
    check_whole(tmp_path)


def test_what_a_killed_process_has_half_written_is_cut_off(embedder, images, begun, tmp_path):
    os.truncate(begun, begun.stat().st_size - 5)
    assert len(written(embedder, images, tmp_path / "out.npy")) == 5
    check_whole(tmp_path)


def test_what_is_damaged_is_computed_anew(embedder, images, begun, tmp_path):
    content = bytearray(begun.read_bytes())
    content[-6] ^= 1  # in the last vector
    begun.write_bytes(content)
    assert len(written(embedder, images, tmp_path / "out.npy")) == 5
    check_whole(tmp_path)


def test_an_image_that_has_changed_is_read_again(embedder, images, begun, image, tmp_path):
    image("images/2.png", (0, 200, 0), size=(50, 50))
    assert "2.png" in written(embedder, images, tmp_path / "out.npy")
    np.testing.assert_allclose(np.load(tmp_path / "out.npy")[2], [0, 1, 0], atol=1e-6)


def test_vectors_of_another_kind_are_not_taken(color_model, images, begun, tmp_path):
    half = Embedder(kerastl.load(color_model), dtype="float16")
    assert len(written(half, images, tmp_path / "out.npy")) == 10
    assert np.load(tmp_path / "out.npy").dtype == np.float16


def test_a_file_of_somebody_else_is_left_alone(embedder, images, tmp_path):
    (tmp_path / "out.npy.part").write_text("my notes")
    with pytest.raises(KerastlError, match=r"out\.npy\.part: is no part of a file of kerastl embed; remove it"):
        written(embedder, images, tmp_path / "out.npy")
    assert (tmp_path / "out.npy.part").read_text() == "my notes"


def test_no_link_is_followed(embedder, images, tmp_path):
    (tmp_path / "target").touch()
    (tmp_path / "out.npy.part").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match=r"out\.npy\.part"):
        written(embedder, images, tmp_path / "out.npy")


def test_two_at_once_are_kept_apart(embedder, images, tmp_path):
    def note(row):
        with pytest.raises(UsageError, match=r"another process is at it; take another output"):
            write_embeddings(embedder, images, tmp_path / "out.csv", lambda row: None)

    write_embeddings(embedder, images, tmp_path / "out.csv", note)


def test_the_command_writes_json_lines(color_model, image, tmp_path, capsys, lines):
    red, gone = image("a.png", "red"), tmp_path / "gone.png"
    assert run(["embed", str(red), str(gone), "-m", str(color_model)]) == 1
    out, err = capsys.readouterr()
    (found,) = lines(out)
    assert found["path"] == str(red)
    np.testing.assert_allclose(found["vector"], [1, 0, 0], atol=1e-6)
    assert f"{gone}: no such file" in err
    assert "1 of 2 images could not be embedded" in err


def test_command_and_function_write_the_same(color_model, images, tmp_path):
    assert run(["embed", str(images), "-m", str(color_model), "-o", str(tmp_path / "a.csv"), "--dtype", "float16"]) == 0
    found = kerastl.embed(images, tmp_path / "b.csv", color_model, dtype="float16")
    assert (found.count, found.failed) == (10, {})
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_a_name_that_is_no_text_is_left_out_of_parquet(embedder, image, tmp_path):
    pytest.importorskip("pyarrow")
    image("images/a.png", "red").rename(os.fsdecode(bytes(tmp_path / "images") + b"/\xff.png"))
    image("images/b.png", "blue")
    told = []
    assert write_embeddings(embedder, tmp_path / "images", tmp_path / "out.parquet", told.append) == 1
    assert [row.error for row in told if row.error] == ["its name is no text, which this kind of file cannot hold"]
    assert write_embeddings(embedder, tmp_path / "images", tmp_path / "out.jsonl", told.append) == 2


@pytest.mark.parametrize(
    ("output", "message"), [("out.txt", r"must be one of \.parquet, \.npy"), ("no/out.npy", "there is no folder")]
)
def test_an_output_that_cannot_be_is_said_before_a_network_is_loaded(tmp_path, output, message, capsys):
    assert run(["embed", "a.png", "-m", "no/such/model", "-o", str(tmp_path / output)]) == 2
    with pytest.raises(UsageError, match=message):
        kerastl.embed("a.png", tmp_path / output, "no/such/model")
