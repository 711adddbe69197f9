"""Labeled images in archives: what is in them, what they are called, and what is refused."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from archive_files import GREEN, RED, png, tar_gz_of, tar_of, zip_of

from kerastl.data import _unpacked as unpacked
from kerastl.data import check, scan
from kerastl.errors import DataError, MissingDataError


@pytest.fixture
def packed(tmp_path, monkeypatch):
    """Write a file into the current folder; the cache is new."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "cache"))

    def write(name, content):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
        return name

    return write


@pytest.fixture
def parquet(packed):
    """Write a Parquet file, as `datasets` does where features are given."""
    import io

    import pyarrow as pa
    from pyarrow import parquet

    def write(name, columns, features=None):
        file, said = io.BytesIO(), {"huggingface": json.dumps({"info": {"features": features}})} if features else None
        parquet.write_table(pa.table(columns).replace_schema_metadata(said), file)
        return packed(name, file.getvalue())

    return write


def samples(*labels, first=0):
    """Members of a shard: an image of a color of its own for each label."""
    for number, label in enumerate(labels, start=first):
        yield f"{number:04d}.png", png((number, 0, 0))
        yield f"{number:04d}.cls", label.encode()


def labels_of(dataset):
    return {item.path: item.label for item in dataset.items}


def test_shards_of_webdataset(packed):
    packed("s-0.tar", tar_of(samples("cat", "dog")))
    packed("s-1.tar", tar_of(samples("dog", "cat", "cat", first=2)))
    dataset = scan("s-{0..1}.tar")
    assert labels_of(dataset) == {
        "s-0.tar/0000.png": "cat",
        "s-0.tar/0001.png": "dog",
        "s-1.tar/0002.png": "dog",
        "s-1.tar/0003.png": "cat",
        "s-1.tar/0004.png": "cat",
    }
    contents = {item.path: dataset.file(item).read_bytes() for item in dataset.items}
    assert contents["s-1.tar/0003.png"] == png((3, 0, 0))
    assert dataset.layout == "s-{0..1}.tar with path, label: 5 images in 2 classes"


@pytest.mark.parametrize("place", ["beside", "inside"])
def test_numbers_get_the_names_of_a_list(packed, place):
    names, members = b"cat\r\ndog\r\n\r\nox\r\n", list(samples("2", "0", "1"))
    packed("x/a.tar.gz", tar_gz_of([*members, ("classes.txt", names)] if place == "inside" else members))
    if place == "beside":
        packed("x/classes.txt", names)
    assert labels_of(scan("x/a.tar.gz")) == {
        "a.tar.gz/0000.png": "ox",
        "a.tar.gz/0001.png": "cat",
        "a.tar.gz/0002.png": "dog",
    }
    packed("x/a.tar.gz", tar_gz_of([*members, *samples("3", first=3)]))
    packed("x/classes.txt", names)
    with pytest.raises(DataError, match=r"label 3, and classes\.txt has 3 names, from 0"):
        scan("x/a.tar.gz")


def test_of_several_images_of_a_sample_the_plain_one_is_taken_and_bare_ones_are_told(packed):
    extra = [("a.mask.png", GREEN), ("a.png", RED), ("a.cls", b"x"), ("b.png", png("blue")), ("c.json", b"{}")]
    packed("a.tar", tar_of([*extra, *samples("x", "y", "y")]))
    dataset = scan("a.tar")
    assert labels_of(dataset)["a.tar/a.png"] == "x"
    assert len(dataset.items) == 4
    assert dataset.warnings == ("1 image without a label is not used",)


def test_shards_that_are_called_after_splits_are_splits(packed):
    packed("train-000.tar", tar_of(samples("a", "b")))
    packed("train-001.tar", tar_of(samples("a", "b", first=2)))
    packed("val-000.tar", tar_of(samples("a", "b", first=4)))
    dataset = scan("*.tar")
    assert {(item.path.partition("/")[0], item.split) for item in dataset.items} == {
        ("train-000.tar", "train"),
        ("train-001.tar", "train"),
        ("val-000.tar", "val"),
    }


def test_a_zip_of_class_folders_is_like_the_folders(packed):
    members = [(f"photos/{name}/{number}.png", png((number, 9, 9))) for name in ("cat", "dog") for number in range(2)]
    packed("photos.zip", zip_of([*members, ("photos/cat/deep/notes.txt", b"...")]))
    assert labels_of(scan("photos.zip")) == {
        "cat/0.png": "cat",
        "cat/1.png": "cat",
        "dog/0.png": "dog",
        "dog/1.png": "dog",
    }


def test_a_zip_with_a_table_is_like_the_folder(packed):
    lines = b'{"file_name": "a.png", "label": "x"}\n{"file_name": "b.png", "label": "y"}\n'
    packed("a.zip", zip_of([("a.png", RED), ("b.png", GREEN), ("metadata.jsonl", lines)]))
    assert labels_of(scan("a.zip")) == {"a.png": "x", "b.png": "y"}


def test_parquet_with_the_class_names_of_datasets(parquet):
    image = [{"bytes": content, "path": None} for content in (RED, GREEN, png("blue"))]
    features = {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names": ["cat", "dog"]}}
    dataset = scan(parquet("a.parquet", {"image": image, "label": [1, 0, -1]}, features), for_training=False)
    assert labels_of(dataset) == {"a.parquet/0": "dog", "a.parquet/1": "cat"}
    assert dataset.warnings == ("1 image without a label is not used",)


def test_parquet_by_column(parquet):
    columns = {"image": [RED, GREEN, png("blue")], "path": ["a.png", "b.png", "c.png"], "kind": ["x", "y", "x"]}
    columns |= {"weight": [1.5, 2.25, 3.75], "split": ["train", "train", "val"]}
    name = parquet("a.parquet", columns)
    dataset = scan(name, label_column="kind")
    assert [(item.path, item.label, item.split) for item in dataset.items] == [
        ("a.parquet/a.png", "x", "train"),
        ("a.parquet/b.png", "y", "train"),
        ("a.parquet/c.png", "x", "val"),
    ]
    assert [item.label for item in scan(name, target="weight", for_training=False).items] == ["1.5", "2.25", "3.75"]


def test_parquet_with_several_labels_an_image(parquet):
    image = [RED, GREEN, png("blue")]
    dataset = scan(parquet("a.parquet", {"image": image, "label": [["x"], ["x", "y"], ["y"]]}), task="multilabel")
    assert [dataset.class_names(item) for item in dataset.items] == [("x",), ("x", "y"), ("y",)]


def test_a_table_in_parquet_without_images_is_said_to_be_one(parquet):
    with pytest.raises(DataError, match="save the table as CSV"):
        scan(parquet("a.parquet", {"path": ["a.png"], "label": ["x"]}))


@pytest.mark.parametrize("folder", ["set", "set/data"])
def test_a_folder_of_shards_is_like_the_shards(packed, folder):
    packed(f"{folder}/train-0.tar", tar_of(samples("a", "b")))
    packed(f"{folder}/test-0.tar", tar_of(samples("a", "b", first=2)))
    packed(f"{folder}/README.md", b"...")
    dataset = scan("set")
    assert [(item.path, item.split) for item in dataset.items] == [
        ("test-0.tar/0002.png", "val"),
        ("test-0.tar/0003.png", "val"),
        ("train-0.tar/0000.png", "train"),
        ("train-0.tar/0001.png", "train"),
    ]
    for kind in "xy":
        packed(f"set/{kind}/0.png", RED)
    assert {item.label for item in scan("set").items} == {"x", "y"}


def test_archives_without_labels_are_refused(packed):
    for name in ("a.tar", "b.tar"):
        packed(name, tar_of([("x.png", RED)]))
    with pytest.raises(DataError, match="no labels in 2 archives"):
        scan("{a,b}.tar")
    with pytest.raises(DataError, match="images, but no class folders"):
        scan("a.tar")
    with pytest.raises(MissingDataError, match=r"^none\.tar: no such file$"):
        scan("none.tar")


def test_a_truncated_archive_is_refused_and_a_single_image_told(packed, monkeypatch):
    whole = tar_of([*samples("a", "b"), ("../up.png", RED), ("../up.cls", b"a")])
    packed("a.tar", whole)
    (warning,) = scan("a.tar").warnings
    assert warning == "1 image was left in the archives (a.tar::../up.png: its name has .. in it)"
    packed("b.tar", whole[:1500])
    with pytest.raises(DataError, match=r"^b\.tar: truncated: .*; fetch or pack it again$"):
        scan("b.tar")


def test_it_is_checked_like_a_folder(packed):
    packed("a.zip", zip_of([(f"{kind}/{n}.png", RED) for kind in ("x", "y") for n in range(2)]))
    report = check("a.zip")
    assert "duplicates_across_classes" in [finding.kind for finding in report.problems]


def test_nothing_is_read_a_second_time_and_contents_lie_there_once(packed, monkeypatch):
    packed("a.tar", tar_of([("1.png", RED), ("1.cls", b"a"), ("2.png", RED), ("2.cls", b"b")]))
    first = scan("a.tar", for_training=False)
    files = [first.file(item) for item in first.items]
    assert files[0].samefile(files[1])
    monkeypatch.setattr(unpacked, "archive_samples", None)
    assert scan("a.tar", for_training=False).items == first.items


def test_what_was_interrupted_goes_on_behind_the_last_whole_archive(packed, monkeypatch, tmp_path):
    for number in range(3):
        packed(f"{number}.tar", tar_of(samples("a", "b", first=10 * number)))
    whole = scan("{0..2}.tar")
    read, opened = unpacked.archive_samples, Counter()

    def interrupted(archive):
        opened[archive.name] += 1
        for sample in read(archive):
            if archive.name == "1.tar" and opened["1.tar"] == 1 and sample.name == "0011.png":
                raise KeyboardInterrupt
            yield sample

    monkeypatch.setenv("KERASTL_CACHE", str(tmp_path / "other"))
    monkeypatch.setattr(unpacked, "archive_samples", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scan("{0..2}.tar")
    again = scan("{0..2}.tar")
    assert opened == {"0.tar": 1, "1.tar": 2, "2.tar": 1}
    assert again.items == whole.items
    assert all(again.file(item).read_bytes() == whole.file(item).read_bytes() for item in whole.items)


def test_another_archive_of_the_name_is_another_data_set(packed):
    packed("a.tar", tar_of(samples("a", "b")))
    first = scan("a.tar")
    packed("a.tar", tar_of(samples("a", "b", "b")))
    assert scan("a.tar").root != first.root
    assert len(scan("a.tar").items) == 3


def test_a_file_of_the_cache_that_is_lost_comes_again(packed):
    packed("a.tar", tar_of(samples("a", "b")))
    dataset = scan("a.tar")
    dataset.file(dataset.items[0]).unlink()
    assert scan("a.tar").file(dataset.items[0]).read_bytes() == png((0, 0, 0))


def test_names_that_files_cannot_have_are_made_such(packed):
    long = "l" * 300
    members = [("x/.a.png", RED), (f"{long}.png", png("blue")), ("B.png", RED), ("b.png", GREEN), ("b.png", RED)]
    rows = [member for name, body in members for member in ((name, body), (f"{name.removesuffix('.png')}.cls", b"a"))]
    packed("a.tar", tar_of(rows))
    dataset = scan("a.tar", for_training=False)
    names = [item.path for item in dataset.items]
    assert {"a.tar/B.png", "a.tar/b~2.png"} < set(names)
    assert len({name.casefold() for name in names}) == len(names)
    assert max(map(len, names)) < 255
    assert all(dataset.file(item).is_file() for item in dataset.items)


def test_too_much_for_the_cache_is_refused(packed, monkeypatch):
    monkeypatch.setattr(unpacked, "MAX_BYTES", 1 << 7)
    packed("a.tar", tar_of(samples("a", "b")))
    with pytest.raises(DataError, match="too much for the cache: unpack them into a folder"):
        scan("a.tar")


def test_clearing_the_cache_removes_them_and_follows_no_link(packed, tmp_path):
    from kerastl.inference._cache import CompiledCache

    packed("a.tar", tar_of(samples("a", "b")))
    packed("elsewhere/precious.png", RED)
    dataset = scan("a.tar")
    (dataset.root / "link").symlink_to(tmp_path / "elsewhere")
    count, size = CompiledCache(tmp_path / "cache").clear()
    assert not dataset.root.exists()
    assert (tmp_path / "elsewhere" / "precious.png").exists()
    assert count >= 5  # two images, each as content and in the archive, and a note
    assert size > 0


def test_archives_in_a_store(packed, s3):
    s3("labeled", "set/train-0.tar", tar_of(samples("0", "1")))
    s3("labeled", "set/val-0.tar", tar_of(samples("1", "0", first=2)))
    s3("labeled", "set/classes.txt", b"cat\ndog\n")
    dataset = scan("s3://labeled/set/*.tar")
    assert [(item.path, item.label, item.split) for item in dataset.items] == [
        ("train-0.tar/0000.png", "cat", "train"),
        ("train-0.tar/0001.png", "dog", "train"),
        ("val-0.tar/0002.png", "dog", "val"),
        ("val-0.tar/0003.png", "cat", "val"),
    ]
    with pytest.raises(MissingDataError, match="images with labels are read from archives"):
        scan("s3://labeled/set/*.txt")


def test_messages_call_an_archive_what_it_was_called(packed):
    """Nobody knows the folder of the cache."""
    zip_name = packed("a.zip", zip_of([("a/0.png", RED), ("b/0.png", GREEN)]))
    assert scan(zip_name).called == "a.zip"
    with pytest.raises(DataError, match=r"^b\.zip: images, but no class folders"):
        scan(packed("b.zip", zip_of([("0.png", RED), ("1.png", GREEN)])))
    with pytest.raises(DataError, match=r"^c\.zip: no images in it"):
        scan(packed("c.zip", zip_of([("a.zip", b"PK")])))
