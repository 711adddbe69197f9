from dataclasses import replace
from types import SimpleNamespace

import pytest

import kerastl
from kerastl.errors import UsageError
from kerastl.sorting import undo_sort
from kerastl.sorting._sorting import Sorting, SortOptions


@pytest.mark.parametrize("action", ["copy", "link"])
def test_an_image_goes_into_the_folder_of_each_label(several, image, tmp_path, content, action):
    yellow, black = image("in/a.png", (255, 255, 0)), image("in/b.png", "black")
    (tmp_path / "in" / "a.xmp").write_text("of a")
    before, out = content(tmp_path / "in"), tmp_path / "out"
    result = kerastl.sort(tmp_path / "in", several, to=out, action=action)
    assert [(found.path, found.label, found.to) for found in result[:2]] == [
        (str(yellow), "red", f"{out}/red/a.png"),
        (str(yellow), "green", f"{out}/green/a.png"),
    ]
    assert [(found.path, found.to, found.unsure) for found in result[2:]] == [(str(black), None, True)]
    done = {"copy": "copied", "link": "linked"}[action]
    assert str(result) == f"1 image {done} into 2 folders, 1 image left where it is, as unsure"
    assert sorted(content(out)) == ["green/a.png", "green/a.xmp", "red/a.png", "red/a.xmp", "sort.csv"]
    assert [file.error for file in undo_sort(out)] == [None] * 4
    assert content(tmp_path / "in") == before
    assert not out.exists()


def test_thresholds_and_min_score_say_which_labels_count(several, image, tmp_path):
    path = image("a.png", (160, 140, 0))  # logits of 2.5, 1 and -10
    found = kerastl.sort(path, several, to=tmp_path / "a", dry_run=True)
    assert [one.label for one in found] == ["red", "green"]
    found = kerastl.sort(path, several, to=tmp_path / "a", dry_run=True, min_score=0.8)
    assert [one.label for one in found] == ["red"]
    later = tmp_path / "later"
    found = kerastl.sort(path, several, to=tmp_path / "a", dry_run=True, min_score=0.99, unsure=later)
    assert [one.to for one in found] == [f"{later}/a.png"]


def test_a_file_cannot_be_moved_to_several_folders(several, image, tmp_path):
    with pytest.raises(UsageError, match=r"several gives images several labels, .* copy or link \(--copy, --link\)"):
        kerastl.sort(image("a.png", "red"), several, to=tmp_path / "out", action="move")
    assert not (tmp_path / "out").exists()


def test_numbers_are_no_folders(several, tmp_path):
    number = SimpleNamespace(metadata=replace(several.metadata, task="regression"), labels=several.labels)
    with pytest.raises(UsageError, match="tells numbers, and no labels that images could be sorted by"):
        Sorting(number, SortOptions(tmp_path / "out"))


def test_an_image_without_labels_says_so(several, image, tmp_path):
    black = image("b.png", "black")
    (left,) = kerastl.sort(black, several, to=tmp_path / "out")
    assert str(left) == f"{black}: none of the labels, left where it is"
    (moved,) = kerastl.sort(black, several, to=tmp_path / "new", unsure=tmp_path / "later")
    assert (moved.to, moved.unsure) == (f"{tmp_path}/later/b.png", True)
