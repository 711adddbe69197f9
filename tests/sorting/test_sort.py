import csv
import os
import subprocess

import numpy as np
import pytest

import kerastl
from kerastl.errors import KerastlError, UsageError
from kerastl.sorting import _transfer as transfer
from kerastl.sorting import undo_sort

SORTED = ["blue/sea.AAE", "blue/sea.jpg", "blue/sea.jpg.xmp", "blue/sea.xmp", "red/a-2.png", "red/a.png", "sort.csv"]


def rows(folder):
    with (folder / "sort.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("action", ["copy", "move", "link"])
def test_images_and_sidecars_go_into_a_folder_a_class_and_back(colors, photos, tmp_path, content, action):
    before, out = content(photos), tmp_path / "out"
    result = kerastl.sort(photos, colors, to=out, action=action)
    after = content(out)
    assert sorted(after) == SORTED
    expected = {"blue/sea.jpg": "sea.jpg", "blue/sea.jpg.xmp": "sea.jpg.xmp", "red/a-2.png": "deep/a.png"}
    for target, source in expected.items():
        assert after[target] == (photos / source if action == "link" else before[source])
    stays = {"broken.jpg"} if action == "move" else set(before)
    assert set(content(photos)) == stays
    assert {image.path: image.to for image in result} == {
        str(photos / "a.png"): f"{out}/red/a.png",
        str(photos / "broken.jpg"): None,
        str(photos / "deep" / "a.png"): f"{out}/red/a-2.png",
        str(photos / "sea.jpg"): f"{out}/blue/sea.jpg",
    }
    assert [bool(image.error) for image in result] == [False, True, False, False]
    undone = undo_sort(out)
    assert (len(undone), [file.error for file in undone if file.error]) == (6, [])
    assert content(photos) == before
    assert not out.exists()


def test_the_journal_says_what_went_where(colors, photos, tmp_path):
    kerastl.sort(photos / "sea.jpg", colors, to=tmp_path / "out", min_score=0.5)
    written = rows(tmp_path / "out")
    assert [row["action"] for row in written] == ["start", "folder", "folder", *["copy"] * 4, "end"]
    image = written[3]
    assert (image["number"], image["from"], image["to"]) == ("1", str(photos / "sea.jpg"), "blue/sea.jpg")
    assert image["label"] == "blue"
    assert float(image["score"]) > 0.99
    digest = subprocess.run(["sha256sum", photos / "sea.jpg"], capture_output=True, text=True).stdout.split()[0]
    assert image["sha256"] == digest
    assert {row["number"] for row in written[3:7]} == {"1"}


def test_unsure_images_stay_or_go_to_a_folder_of_their_own(colors, image, tmp_path):
    sure, unsure = image("in/a.png", "red"), image("in/b.png", "black")  # a third each
    stays = kerastl.sort(tmp_path / "in", colors, to=tmp_path / "out", min_score=0.5)
    assert [(found.unsure, found.to is None) for found in stays] == [(False, False), (True, True)]
    moved = kerastl.sort([sure, unsure], colors, to=tmp_path / "new", min_score=0.5, unsure=tmp_path / "later")
    assert moved[1].to == f"{tmp_path}/later/b.png"
    assert str(moved) == "2 images copied into 2 folders"
    assert rows(tmp_path / "new")[-2]["to"] == str(tmp_path / "later" / "b.png")
    assert all(file.error is None for file in undo_sort(tmp_path / "new"))
    assert not (tmp_path / "later").exists()


def test_a_folder_inside_the_sources_is_not_sorted_again(colors, photos):
    out = photos / "sorted"
    first = kerastl.sort(photos, colors, to=out)
    again = kerastl.sort(photos, colors, to=out)
    assert (len(first), first.left_out) == (4, 0)
    # What could not be read is tried again; the copies, and what was copied, are not.
    assert ([image.error is None for image in again], again.left_out) == ([False], 6)


@pytest.mark.parametrize("folder", ["", "more"])
def test_a_folder_can_be_sorted_in_place(colors, image, tmp_path, content, folder):
    for name, color in (("a.png", "red"), ("more/a.png", "red"), ("blue/c.png", "red")):
        image(f"in/{name}", color)
    before = content(tmp_path / "in")
    result = kerastl.sort(str(tmp_path / "in" / folder), colors, to=tmp_path / "in", action="move")
    after = {"blue/c.png", "red/a.png", *(["red/a-2.png"] if not folder else ["a.png"]), "sort.csv"}
    assert set(content(tmp_path / "in")) == after
    # What is in the folder of a class stays there.
    assert result.left_out == (0 if folder else 1)
    undo_sort(tmp_path / "in")
    assert content(tmp_path / "in") == before


def test_a_file_named_twice_is_sorted_once(colors, image, tmp_path):
    path = image("in/a.png", "red")
    (tmp_path / "other").symlink_to(tmp_path / "in")
    result = kerastl.sort([path, tmp_path / "in", tmp_path / "other"], colors, to=tmp_path / "out", action="move")
    assert (len(result), result.left_out) == (1, 2)


def test_a_moved_name_may_come_again(colors, image, tmp_path):
    for _ in range(2):  # as a camera counts from 1 again
        kerastl.sort(image("in/a.png", "red"), colors, to=tmp_path / "out", action="move")
    assert sorted(path.name for path in (tmp_path / "out" / "red").iterdir()) == ["a-2.png", "a.png"]


def test_files_that_are_there_are_never_overwritten(colors, image, tmp_path):
    out = tmp_path / "out" / "red"
    for name, color in (("A.PNG", "blue"), ("a-2.png", "green")):
        image(f"out/red/{name}", color)
    theirs = {path: path.read_bytes() for path in out.iterdir()}
    assert kerastl.sort(image("a.png", "red"), colors, to=tmp_path / "out")[0].to == f"{out}/a-3.png"
    undo_sort(tmp_path / "out")
    assert {path: path.read_bytes() for path in out.iterdir()} == theirs


def test_a_name_that_another_program_takes_meanwhile_is_left_to_it(colors, image, tmp_path, monkeypatch):
    def put(file, target):
        if target.name == "a.png":
            target.write_text("theirs")
        return before(file, target)

    before = transfer.put
    monkeypatch.setattr(transfer, "put", put)
    result = kerastl.sort(image("a.png", "red"), colors, to=tmp_path / "out")
    assert result[0].to == f"{tmp_path}/out/red/a-2.png"
    assert (tmp_path / "out" / "red" / "a.png").read_text() == "theirs"
    monkeypatch.undo()
    assert [file.path for file in undo_sort(tmp_path / "out")] == [f"{tmp_path}/out/red/a-2.png"]
    assert (tmp_path / "out" / "red" / "a.png").read_text() == "theirs"


def test_a_sidecar_of_two_images_is_copied_when_one_moves(colors, image, tmp_path):
    path = image("in/a.jpg", "red")
    (tmp_path / "in" / "a.cr2").write_text("raw")
    (tmp_path / "in" / "a.xmp").write_text("of both")
    kerastl.sort(path, colors, to=tmp_path / "out", action="move")
    assert sorted(file.name for file in (tmp_path / "in").iterdir()) == ["a.cr2", "a.xmp"]
    assert (tmp_path / "out" / "red" / "a.xmp").read_text() == "of both"


def test_a_sidecar_keeps_the_stem_of_its_image(colors, image, tmp_path):
    image("out/red/a.png", "red")
    (tmp_path / "out" / "red" / "b.xmp").write_text("of another b")
    for name in ("a", "b"):
        image(f"in/{name}.jpg", "red")
    (tmp_path / "in" / "a.xmp").write_text("of a.jpg")
    result = kerastl.sort(tmp_path / "in", colors, to=tmp_path / "out")
    assert [found.to for found in result] == [f"{tmp_path}/out/red/{name}-2.jpg" for name in ("a", "b")]
    assert result[0].sidecars == (f"{tmp_path}/out/red/a-2.xmp",)


def test_a_link_is_not_moved(colors, image, tmp_path):
    path = tmp_path / "link.png"
    path.symlink_to(image("a.png", "red"))
    result = kerastl.sort(path, colors, to=tmp_path / "out", action="move")
    assert "it is a link" in result[0].error
    assert path.is_symlink()


def test_a_dry_run_does_nothing(colors, photos, tmp_path, content):
    before = content(tmp_path)
    told = kerastl.sort(photos, colors, to=tmp_path / "out", action="move", dry_run=True)
    assert content(tmp_path) == before
    assert not (tmp_path / "out").exists()
    done = kerastl.sort(photos, colors, to=tmp_path / "out", action="move")
    assert [(image.path, image.to) for image in told] == [(image.path, image.to) for image in done]
    after = content(tmp_path)
    assert len(undo_sort(tmp_path / "out", dry_run=True)) == 6
    assert content(tmp_path) == after


def test_to_another_file_system_moving_is_copying_first(colors, image, tmp_path, monkeypatch):
    """As where `rename` says that it cannot; the temporary copy can be renamed."""

    def replace(self, target):
        if not self.name.startswith("."):
            raise OSError(18, "Invalid cross-device link")
        return before(self, target)

    path = image("in/a.png", "red")
    os.utime(path, ns=(10**18, 10**18))
    content, before = path.read_bytes(), type(path).replace
    monkeypatch.setattr(type(path), "replace", replace)
    result = kerastl.sort(path, colors, to=tmp_path / "out", action="move")
    target = tmp_path / "out" / "red" / "a.png"
    assert (result[0].error, target.read_bytes(), target.stat().st_mtime_ns) == (None, content, 10**18)
    assert not path.exists()
    assert undo_sort(tmp_path / "out")[0].error is None
    assert path.read_bytes() == content


def test_a_full_disk_ends_the_run_and_harms_nothing(colors, photos, tmp_path, monkeypatch, content):
    def full(file, target):
        raise OSError(28, "No space left on device")

    before = content(photos)
    monkeypatch.setattr(transfer, "put", full)
    with pytest.raises(KerastlError, match=r"out: No space left on device; --resume goes on when that is mended"):
        kerastl.sort(photos, colors, to=tmp_path / "out", action="move")
    monkeypatch.undo()
    assert content(photos) == before
    with pytest.raises(UsageError, match="the last run there was interrupted; --resume goes on with it, --undo takes"):
        kerastl.sort(photos, colors, to=tmp_path / "out")
    assert len(kerastl.sort(photos, colors, to=tmp_path / "out", action="move", resume=True)) == 4
    assert sorted(content(tmp_path / "out")) == SORTED


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"action": "rename"}, r"action must be one of copy, move, link\. Received: 'rename'"),
        ({"action": ["copy"]}, r"action must be one of copy, move, link\. Received: \['copy'\]"),
        ({"min_score": 2}, "min_score must be a number from 0 to 1"),
        ({"min_score": "0.5"}, "min_score must be a number from 0 to 1. Received: '0.5'"),
        ({"to": ""}, "to must be the path of a folder. Received: ''"),
        ({"to": None}, "to must be the path of a folder. Received: None"),
        ({"unsure": 5}, "unsure must be the path of a folder. Received: 5"),
        ({"unsure": "later"}, "give min_score or reject with it"),
        ({"reject": True, "tta": "mirror"}, "one view an image only"),
        ({"dry_run": True, "resume": True}, "nothing was sorted there, so that nothing can be resumed"),
    ],
)
def test_wrong_arguments_are_said(colors, image, tmp_path, options, message):
    with pytest.raises(UsageError, match=message):
        kerastl.sort(image("a.png", "red"), colors, **{"to": tmp_path / "out", **options})
    assert not (tmp_path / "out").exists()


def test_only_files_are_sorted(colors, tmp_path):
    for sources, kind in (([np.zeros((9, 9, 3), np.uint8)], "ndarray"), (None, "NoneType"), (b"a.jpg", "bytes")):
        with pytest.raises(UsageError, match=f"sources must be paths of files and folders.* Received: {kind}"):
            kerastl.sort(sources, colors, to=tmp_path / "out")
    (result,) = kerastl.sort("http://127.0.0.1:9/a.jpg", colors, to=tmp_path / "out")
    assert result.error == "a web address cannot be sorted: download the image first"


def test_a_folder_of_a_class_that_leads_elsewhere_is_not_followed(colors, image, tmp_path):
    for name in ("out", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "out" / "red").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "out" / "green").write_text("a file")
    paths = [image("a.png", "red"), image("b.png", (0, 255, 0))]
    result = kerastl.sort(paths, colors, to=tmp_path / "out")
    assert "leads out of the folder" in result[0].error
    assert "green is no folder" in result[1].error
    assert list((tmp_path / "elsewhere").iterdir()) == []
