import os
import shutil
import signal
import subprocess
import sys
import tarfile

import numpy as np
import pytest

import kerastl
from kerastl._base.walking import walk
from kerastl.embedding import Embedder
from kerastl.errors import KerastlError, UsageError

pytest.importorskip("lancedb")

from kerastl.index import Index, build
from kerastl.index import _adding as adding
from kerastl.index._build import common_folder

NAMES = [f"{number}.png" for number in range(10)]


def state(index):
    """All that an index knows, but when it was added."""
    return index.rows().drop_columns(["added"]).to_pylist()


def test_what_is_known_of_an_image(new_index, add, images):
    index = new_index()
    result, read = add(index, images)
    assert (result.added, result.failed, read) == (10, {}, NAMES)
    assert index.paths() == NAMES
    row = index.rows().slice(3, 1).to_pylist()[0]
    status = (images / "3.png").stat()
    assert (row["size"], row["mtime_ns"]) == (status.st_size, status.st_mtime_ns)
    np.testing.assert_allclose(row["vector"], np.array([60, 9, 100]) / np.linalg.norm([60, 9, 100]), atol=1e-6)
    # Ten times the channels' means, as fractions of 255, are the logits.
    scores = np.exp(np.array([60, 9, 100]) / 25.5)
    assert row["predicted"] == "blue"
    assert row["score"] == pytest.approx(scores[2] / scores.sum(), abs=1e-4)
    assert row["label"] is row["split"] is None
    assert index.file("3.png") == str(images / "3.png")


def test_what_has_not_changed_is_not_read_again(new_index, add, images):
    index = new_index()
    add(index, images)
    before = state(index)
    result, read = add(Index(index.folder), [images, images / "3.png"])
    assert (str(result), read) == ("10 unchanged", [])
    assert state(Index(index.folder)) == before


def test_a_file_that_was_only_touched_does_not_go_through_the_network(new_index, add, images):
    index = new_index()
    add(index, images)
    os.utime(images / "3.png", ns=(5, 5))
    result, read = add(index, images)
    assert (str(result), read) == ("10 unchanged", [])
    assert index.rows(["mtime_ns"]).to_pydict()["mtime_ns"][3] == 5


def test_a_file_of_the_same_size_that_has_changed_is_read_again(new_index, add, images, image):
    index = new_index()
    add(index, images, labels=[(str(images / "3.png"), "three")])
    size = (images / "3.png").stat().st_size
    image("images/3.png", (0, 200, 0), size=(60, 60))
    with (images / "3.png").open("ab") as stream:
        stream.write(bytes(max(0, size - (images / "3.png").stat().st_size)))
    os.utime(images / "3.png", ns=(5, 5))
    result, read = add(index, images)
    assert (str(result), read) == ("1 changed, 9 unchanged", ["3.png"])
    np.testing.assert_allclose(index.vectors()[3], [0, 1, 0], atol=1e-6)
    assert index.rows(["label"]).to_pydict()["label"][3] == "three"


def test_a_renamed_file_keeps_what_is_known_of_it(new_index, add, images):
    index = new_index()
    add(index, images, labels=[(str(images / "3.png"), "three", "val")])
    before = index.rows().to_pylist()[3]
    (images / "below").mkdir()
    (images / "3.png").rename(images / "below" / "it's.png")
    result, read = add(index, images)
    assert (str(result), read, result.missing) == ("1 renamed, 9 unchanged", [], ())
    assert index.paths() == [*NAMES[:3], *NAMES[4:], "below/it's.png"]
    assert index.rows().to_pylist()[9] == {**before, "path": "below/it's.png"}


def test_a_folder_that_moved_out_of_the_root_has_absolute_paths(new_index, add, images, tmp_path):
    index = new_index()
    add(index, images)
    vectors = index.vectors()
    images.rename(tmp_path / "elsewhere")
    result, read = add(index, tmp_path / "elsewhere")
    assert (str(result), read) == ("10 renamed", [])
    assert index.paths() == [str(tmp_path / "elsewhere" / name) for name in NAMES]
    np.testing.assert_array_equal(index.vectors(), vectors)


def test_a_copy_has_its_own_row_and_the_same_vector(new_index, add, images):
    index = new_index()
    add(index, images, labels=[(str(images / "3.png"), "three")])
    for name in ("a.png", "b.png"):
        shutil.copy(images / "3.png", images / name)
    result, read = add(index, images)
    assert (str(result), read) == ("2 added, 10 unchanged", [])
    rows = {row["path"]: row for row in index.rows().to_pylist()}
    assert rows["a.png"]["vector"] == rows["b.png"]["vector"] == rows["3.png"]["vector"]
    assert (rows["a.png"]["predicted"], rows["a.png"]["score"]) == (rows["3.png"]["predicted"], rows["3.png"]["score"])
    assert (rows["a.png"]["label"], rows["3.png"]["label"]) == (None, "three")


def test_files_that_have_changed_places(new_index, add, images):
    for number in range(10):
        os.utime(images / f"{number}.png", ns=(number, number))
    index = new_index()
    add(index, images)
    before = index.vectors()
    for old, new in (("1.png", "spare"), ("2.png", "1.png"), ("spare", "2.png")):
        (images / old).rename(images / new)
    result, _ = add(index, images)
    assert str(result) == "2 changed, 8 unchanged"
    np.testing.assert_array_equal(index.vectors()[[1, 2]], before[[2, 1]])


def test_of_two_copies_that_moved_each_keeps_its_own(new_index, add, images):
    shutil.copy(images / "3.png", images / "copy.png")
    index = new_index()
    add(index, images, labels=[(str(images / "3.png"), "three"), (str(images / "copy.png"), "copy")])
    (images / "3.png").rename(images / "x.png")
    (images / "copy.png").rename(images / "y.png")
    result, read = add(index, images)
    assert (str(result), read) == ("2 renamed, 9 unchanged", [])
    assert sorted(index.rows(["label"]).to_pydict()["label"][-2:]) == ["copy", "three"]


def test_deleted_files_are_told_and_removed_only_when_asked(new_index, add, images):
    index = new_index()
    add(index, images)
    (images / "3.png").unlink()
    result, _ = add(index, images)
    assert (result.missing, result.removed, len(index)) == (("3.png",), 0, 10)
    result, _ = add(index, [], prune=True)
    assert (result.missing, result.removed) == ((), 1)
    assert index.paths() == [*NAMES[:3], *NAMES[4:]]


def test_nothing_is_removed_where_the_whole_folder_is_away(new_index, add, images, tmp_path):
    index = new_index()
    add(index, images)
    images.rename(tmp_path / "elsewhere")
    for there in (False, True):
        if there:
            images.mkdir()  # where a disk would be
        with pytest.raises(KerastlError, match=r"images: none of its images is there, so nothing was removed; --root"):
            add(index, [], prune=True)
    assert len(Index(index.folder)) == 10


def test_images_that_were_moved_together_are_found_by_their_new_root(color_model, images, tmp_path):
    build(images, tmp_path / "db", color_model)
    images.rename(tmp_path / "elsewhere")
    assert str(build([], tmp_path / "db", root=tmp_path / "elsewhere")) == "nothing to do"
    assert str(build(tmp_path / "elsewhere", tmp_path / "db")) == "10 unchanged"
    assert Index(tmp_path / "db").file("3.png") == str(tmp_path / "elsewhere" / "3.png")


def test_labels_come_from_folders_and_tables(new_index, add, image, tmp_path):
    for split in ("train", "val"):
        for label in ("red", "blue"):
            image(f"images/{split}/{label}/{split}.png", label, size=(40, 40 + len(split)))
    index = new_index()
    result, _ = add(index, tmp_path / "images", labels=tmp_path / "images")
    assert (result.added, result.labeled) == (4, 0)
    rows = index.rows(["path", "label", "split"]).to_pylist()
    assert rows[0] == {"path": "train/blue/train.png", "label": "blue", "split": "train"}
    assert [row["label"] for row in rows] == ["blue", "red"] * 2
    (tmp_path / "labels.csv").write_text("path,label\nimages/val/red/val.png,crimson\nimages/val/blue/val.png,blue\n")
    result, read = add(index, [], labels=tmp_path / "labels.csv")
    assert (result.labeled, read) == (2, [])  # of both the table names no split
    assert index.rows(["label"]).to_pydict()["label"] == ["blue", "red", "blue", "crimson"]
    assert len(index.vectors()) == 4
    assert str(add(index, [], labels=tmp_path / "labels.csv")[0]) == "nothing to do"


def test_what_cannot_be_read_is_told_and_tried_again(new_index, add, images, image):
    (images / "broken.jpg").write_bytes(b"\xff\xd8\xff no more")
    index = new_index()
    result, _ = add(index, [images, images / "gone.png"])
    assert set(result.failed) == {str(images / "broken.jpg"), str(images / "gone.png")}
    assert (result.added, len(index)) == (10, 10)
    image("images/broken.jpg", "red")
    assert add(index, images)[0].added == 1


def test_a_name_that_is_no_text_is_told(new_index, add, images):
    (images / "3.png").rename(os.fsdecode(bytes(images) + b"/\xff.png"))
    result, _ = add(new_index(), images)
    assert list(result.failed.values()) == ["its name is no text, which an index cannot hold"]
    assert result.added == 9


def test_images_in_archives_have_their_names_there(new_index, add, images):
    with tarfile.open(images / "shard.tar", "w") as archive:
        for name in ("3.png", "4.png"):
            archive.add(images / name, name)
            (images / name).unlink()
    index, sources = new_index(), [images, images / "shard.tar"]
    assert add(index, sources)[0].added == 10
    assert index.paths()[-2:] == ["shard.tar::3.png", "shard.tar::4.png"]
    result, _ = add(index, sources, prune=True)
    assert str(result) == "10 unchanged"
    (images / "shard.tar").unlink()
    assert add(index, images)[0].missing == ("shard.tar::3.png", "shard.tar::4.png")


def test_an_index_may_lie_among_its_images(embedder, color_model, add, images):
    index = Index.of_embedder(images / "db", embedder, color_model, images)
    assert add(index, images)[0].added == 10
    found = {found.path: found.detail for found in walk(str(images)) if found.kind == "own"}
    assert found == {str(images / "db"): "an index"}


def test_what_would_lead_out_of_the_folder_is_not_taken(new_index, add, images):
    with tarfile.open(images / "shard.tar", "w") as archive:
        archive.add(images / "3.png", "a/../../3.png")
    index = new_index()
    result, _ = add(index, images / "shard.tar")
    assert result.added == len(index) == 0


def test_a_file_given_twice_comes_in_once(new_index, add, images):
    index = new_index()
    assert add(index, [images / "3.png", images])[0].added == 10
    assert len(index.paths()) == 10


def test_a_number_is_kept_as_what_the_model_says(number_model, image, tmp_path):
    build(image("images/a.png", (51, 0, 0)), tmp_path / "db", number_model)
    row = Index(tmp_path / "db").rows(["predicted", "score"]).to_pylist()[0]
    assert float(row["predicted"]) == pytest.approx(2, abs=1e-4)
    assert row["score"] is None


def test_half_precision_takes_half_the_room(color_model, images, tmp_path):
    build(images, tmp_path / "db", color_model, dtype="float16")
    index = Index(tmp_path / "db")
    assert str(index.rows(["vector"]).schema.field("vector").type.value_type) == "halffloat"
    np.testing.assert_allclose(np.linalg.norm(index.vectors(), axis=1), 1, atol=1e-3)
    assert index.search(index.vectors()[3:4], 1)[0][0, 0] == 3


class Killed(BaseException):
    pass


@pytest.mark.parametrize("chance", range(6))
def test_a_process_that_is_killed_between_any_two_writes_loses_nothing(
    new_index, add, images, image, tmp_path, monkeypatch, chance
):
    """What is written goes through one of four methods, each one commit: any may be the last."""
    index = new_index()
    add(index, images, labels=[(str(images / "3.png"), "three")])
    image("images/0.png", (0, 200, 0))
    (images / "3.png").rename(images / "moved.png")
    image("images/new.png", (90, 90, 90))
    os.utime(images / "5.png", ns=(5, 5))
    shutil.copytree(tmp_path / "db", tmp_path / "whole")
    whole = Index(tmp_path / "whole")
    add(whole, images)
    left = int(np.random.default_rng(chance).integers(0, 4))

    def dying(method):
        def call(*arguments):
            nonlocal left
            if not left:
                raise Killed
            left -= 1
            return method(*arguments)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(adding, "_SECONDS_BETWEEN_WRITES", 0)
        for name in ("add", "replace", "update", "tidy"):
            patched.setattr(adding.ImageTable, name, dying(getattr(adding.ImageTable, name)))
        with pytest.raises(Killed):
            add(index, images)
    again = Index(index.folder)
    result, _ = add(again, images)
    assert result.missing == ()
    assert state(again) == state(whole)


KILLED = """
import os, signal, sys
from kerastl.index import _adding as adding, build
folder, images, model, left = *sys.argv[1:4], int(sys.argv[4])
adding._SECONDS_BETWEEN_WRITES = adding._FRACTION_OF_TIME = 0
method = adding.ImageTable.add
def add(self, rows):
    global left
    method(self, rows)
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
adding.ImageTable.add = add
build(images, folder, model, verbose=0)
"""


def test_a_killed_process_has_kept_what_it_wrote(embedder, color_model, add, images, tmp_path):
    command = [sys.executable, "-c", KILLED, tmp_path / "db", images, color_model, "4"]
    assert subprocess.run(list(map(str, command))).returncode == -signal.SIGKILL
    index = Index(tmp_path / "db")
    assert index.paths() == NAMES[:4]
    result, read = add(index, images)
    assert (str(result), read) == ("6 added, 4 unchanged", NAMES[4:])
    np.testing.assert_array_equal(index.vectors(), [image.vector for image in embedder.stream(images)])


def test_what_was_reached_before_an_interruption_is_there(new_index, embedder, images):
    from kerastl.index._build import add_images

    index, seen = new_index(), []

    def note(image):
        seen.append(image.path)
        if len(seen) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        add_images(index, images, lambda: embedder, note=note)
    assert Index(index.folder).paths() == NAMES[:4]
    assert index.paths() == NAMES[:4]


def test_another_process_is_kept_out(new_index, embedder, add, images):
    from kerastl.index._build import add_images

    def note(image):
        with pytest.raises(UsageError, match=r"db is in use by process \d+ on .*: wait for it, or take another folder"):
            add(Index(index.folder), images)

    index = new_index()
    assert add_images(index, images, lambda: embedder, note=note).added == 10


def test_what_another_process_has_added_meanwhile_is_not_added_again(new_index, add, images):
    first, second = new_index(), None
    second = Index(first.folder)
    add(first, images)
    assert str(add(second, images)[0]) == "10 unchanged"


def test_vectors_of_another_model_are_refused(color_model, label_model, images, tmp_path, add):
    build(images, tmp_path / "db", color_model)
    with pytest.raises(KerastlError, match="which cannot be compared with those of colors as it is now"):
        build(images, tmp_path / "db", label_model)
    with pytest.raises(KerastlError, match="make an index in another folder"):
        Index(tmp_path / "db").check_embedder(Embedder(kerastl.load(color_model), "deep"))
    with pytest.raises(UsageError, match=r"was made with dtype='float32', which cannot change\. Received: 'float16'"):
        build(images, tmp_path / "db", dtype="float16")


def test_a_model_that_has_moved_is_found_again(color_model, images, image, tmp_path):
    shutil.copytree(color_model, tmp_path / "model")
    build(images, tmp_path / "db", tmp_path / "model")
    (tmp_path / "model").rename(tmp_path / "moved")
    image("images/new.png", "red")
    with pytest.raises(UsageError, match=r"model: there is no such model file or run folder"):
        build(images, tmp_path / "db")
    assert build(images, tmp_path / "db", tmp_path / "moved").added == 1
    assert Index(tmp_path / "db").model == str(tmp_path / "moved")


def test_writes_wait_for_as_long_as_they_take_many_times_over(new_index, embedder, images, monkeypatch):
    """Of a clock that each look moves on by a second, ten images wait together."""
    index, written = new_index(), []
    method = adding.ImageTable.add
    monkeypatch.setattr(adding.ImageTable, "add", lambda self, rows: written.append(len(rows)) or method(self, rows))
    clock = iter(range(1000))
    adder = adding.Adding(index.table, index.facts.root, embedder, {}, lambda image: None, lambda: next(clock))
    monkeypatch.setattr(adding, "_SECONDS_BETWEEN_WRITES", 4)
    adder.run(images)
    # Due at 4 seconds; the write takes one, so that the next is due 20 seconds later: after the last image.
    assert written == [4, 6]


@pytest.mark.parametrize(
    ("sources", "folder"),
    [
        ("a", "a"), (["a", "a/b"], "a"), (["a/b", "a/c"], "a"), ("a/b/*.png", "a/b"), ("a/b/1.png", "a/b"),
        (["a/b", "https://example.org/1.png"], "a/b"), ([], "."),
    ],
)  # fmt: skip
def test_the_folder_that_all_lies_in(tmp_path, monkeypatch, sources, folder):
    for name in ("b", "c"):
        (tmp_path / "a" / name).mkdir(parents=True)
    (tmp_path / "a/b/1.png").touch()
    monkeypatch.chdir(tmp_path)
    assert common_folder(sources) == tmp_path / folder


def test_an_index_of_many_is_searched_approximately_and_says_how_well(new_index, add, images, monkeypatch, capsys):
    monkeypatch.setattr("kerastl.index._approximate.EXACT_ROWS", 10)
    index = new_index()
    add(index, images)
    built = Index(index.folder).facts.approximate
    assert (built.kind, built.rows, built.partitions) == ("IVF_FLAT", 10, 3)
    assert 0 <= built.recall <= 1
    exact = index.search(index.vectors()[:2], 3, exact=True)
    for found, wanted in zip(index.search(index.vectors()[:2], 3), exact, strict=True):
        assert found.shape == wanted.shape
    for number in (3, 4):
        (images / f"{number}.png").unlink()
    add(index, images, prune=True)
    assert index.search(index.vectors()[3:4], 1)[0][0, 0] == 3
