"""What a folder is taken for, and what is refused."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path

import pytest
from patches import Fill

from kerastl.data import Item, scan
from kerastl.errors import DataError


def test_class_folders_give_their_names_sorted(fill: Fill) -> None:
    root = fill({"zebra/1.png": 1, "ant/2.png": 2, "Bee/3.png": 3})
    dataset = scan(root)
    assert dataset.classes == ("Bee", "ant", "zebra")
    assert dataset.items == (Item("Bee/3.png", "Bee"), Item("ant/2.png", "ant"), Item("zebra/1.png", "zebra"))
    assert dataset.layout == "3 class folders"
    assert dataset.warnings == ()
    assert dataset.class_indices(dataset.items).tolist() == [0, 1, 2]
    assert dataset.one_hot(dataset.items[:2]).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_nested_upper_case_hidden_and_other_files(fill: Fill) -> None:
    root = fill(
        {
            "a/deep/er/1.PNG": 1,
            "a/.hidden.png": 2,
            "a/.git/3.png": 3,
            "__MACOSX/a/4.png": 4,
            "a/labels.txt": "text",
            "b/5.Jpeg": 5,
            "6.png": 6,
        }
    )
    dataset = scan(root)
    assert [(item.path, item.label) for item in dataset.items] == [
        ("a/deep/er/1.PNG", "a"),
        ("b/5.Jpeg", "b"),
    ]
    assert dataset.ignored == ("6.png", "a/labels.txt")
    assert dataset.warnings == ("1 image lies outside a class folder and is not used (6.png)",)


def test_empty_classes_are_named_and_left_out(fill: Fill) -> None:
    root = fill({"a/1.png": 1, "b/2.png": 2, "c/readme.txt": "nothing"})
    (root / "d" / "deeper").mkdir(parents=True)
    dataset = scan(root)
    assert dataset.classes == ("a", "b")
    assert dataset.warnings == ("'c', 'd': no images in them, left out of the classes",)


@pytest.mark.parametrize("second", ["val", "valid", "validation", "test", "Testing"])
def test_train_beside_what_validates(fill: Fill, second: str) -> None:
    root = fill({"train/a/1.png": 1, "train/b/2.png": 2, f"{second}/a/3.png": 3, f"{second}/b/4.png": 4})
    dataset = scan(root)
    assert dataset.classes == ("a", "b")
    assert dataset.is_split
    assert {item.path: item.split for item in dataset.items} == {
        "train/a/1.png": "train",
        "train/b/2.png": "train",
        f"{second}/a/3.png": "val",
        f"{second}/b/4.png": "val",
    }
    assert f"train/ and {second}/ with 2 class folders" in dataset.layout


def test_a_test_folder_beside_val_stays_apart(fill: Fill) -> None:
    root = fill({f"{part}/{name}/1.png": 1 for part in ("train", "val", "test") for name in "ab"})
    dataset = scan(root)
    assert [len(dataset.subset(part)) for part in ("train", "val", "test")] == [2, 2, 2]
    assert dataset.counts("test") == {"a": 1, "b": 1}


def test_unlabeled_test_images_are_left_out(fill: Fill) -> None:
    labeled = {"train/a/1.png": 1, "train/b/2.png": 2}
    dataset = scan(fill({**labeled, "test/unknown/3.png": 3, "val/a/4.png": 4, "val/b/5.png": 5}))
    assert {item.split for item in dataset.items} == {"train", "val"}
    assert dataset.warnings == ("test is left out: 'unknown' is no class of train",)
    assert "test/unknown/3.png" in dataset.ignored


def test_train_alone_is_to_be_split(fill: Fill) -> None:
    dataset = scan(fill({"train/a/1.png": 1, "train/b/2.png": 2, "notes/readme.txt": "text"}))
    assert {item.split for item in dataset.items} == {None}
    assert [item.path for item in dataset.items] == ["train/a/1.png", "train/b/2.png"]
    assert not dataset.is_split


def test_a_class_may_be_called_train(fill: Fill) -> None:
    dataset = scan(fill({"bus/1.png": 1, "car/2.png": 2, "train/steam/3.png": 3}))
    assert dataset.classes == ("bus", "car", "train")


def test_a_class_missing_from_val_is_a_warning(fill: Fill) -> None:
    dataset = scan(fill({"train/a/1.png": 1, "train/b/2.png": 2, "val/a/3.png": 3}))
    assert dataset.warnings == ("no images in val for 'b': accuracy will say nothing about it",)


def test_a_class_only_in_val_is_refused(fill: Fill) -> None:
    root = fill({"train/Ants/1.png": 1, "train/Bees/2.png": 2, "val/ants/3.png": 3, "val/Bees/4.png": 4})
    with pytest.raises(DataError, match=r"'ants' is in val \(val/ants/3.png\) but not in train; did you mean 'Ants'\?"):
        scan(root)


def test_all_classes_that_are_only_in_val_are_named_at_once(fill: Fill) -> None:
    files: dict[str, int | str] = {"train/a/1.png": 1, "train/b/2.png": 2, "val/a/3.png": 3, "val/b/4.png": 4}
    root = fill({**files, **{f"val/new {number}/5.png": number for number in range(7)}})
    message = (
        r"7 classes are in val or test but not in train: 'new 0', .*'new 4' and 2 more \(the first: val/new 0/5.png"
    )
    with pytest.raises(DataError, match=message):
        scan(root)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a/readme.txt": "x"}, "no images in it, only 1 other files"),
        ({"1.png": 1, "2.png": 2}, "images, but no class folders"),
        ({"a/1.png": 1, "a/2.png": 2}, "one class only"),
        ({"train/a/1.png": 1, "val/a/2.png": 2}, "one class only"),
        ({"train/1.png": 1, "val/2.png": 2}, "train: no class folders in it"),
    ],
)
def test_what_cannot_be_learned_from(fill: Fill, files: dict[str, int | str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        scan(fill(files))


def test_one_folder_too_high_is_noticed(fill: Fill) -> None:
    root = fill({"flowers/rose/1.png": 1, "flowers/tulip/2.png": 2})
    with pytest.raises(DataError, match=r"did you mean .*flowers, with 2 folders of images"):
        scan(root)


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere: no such folder"):
        scan(tmp_path / "nowhere")


def test_links_are_followed_and_loops_end(fill: Fill, tmp_path: Path) -> None:
    root = fill({"a/1.png": 1, "b/2.png": 2})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "a" / "1.png").rename(elsewhere / "3.png")
    (root / "a" / "more").symlink_to(elsewhere)
    (root / "a" / "loop").symlink_to(root)
    (root / "b" / "gone.png").symlink_to(tmp_path / "not there.png")
    dataset = scan(root)
    assert [item.path for item in dataset.items] == ["a/more/3.png", "b/2.png", "b/gone.png"]


def test_a_link_to_itself_is_a_file_that_cannot_be_read(fill: Fill) -> None:
    root = fill({"a/1.png": 1, "b/2.png": 2})
    (root / "a" / "loop.jpg").symlink_to(root / "a" / "loop.jpg")
    assert "a/loop.jpg" in [item.path for item in scan(root).items]


def test_decomposed_and_composed_names_are_one_class(fill: Fill) -> None:
    composed = "Bärenklau"
    root = fill(
        {
            f"train/{composed}/1.png": 1,
            "train/b/2.png": 2,
            f"val/{unicodedata.normalize('NFD', composed)}/3.png": 3,
            "val/b/4.png": 4,
        }
    )
    dataset = scan(root)
    assert dataset.classes == (composed, "b")
    assert dataset.counts("val") == {composed: 1, "b": 1}


def test_the_order_of_the_file_system_does_not_matter(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> None:
    root = fill({f"{name}/{number}.png": number for number in range(5) for name in "ab"})
    expected = scan(root)
    real = os.scandir

    class Reversed:
        def __init__(self, path: str) -> None:
            with real(path) as listing:
                self.entries = sorted(listing, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *error: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Reversed)
    assert scan(root) == expected


TABLE = "path,label\npics/1.png,dog\npics/2.png,cat\n"
IMAGES: dict[str, int | str] = {"pics/1.png": 1, "pics/2.png": 2}


@pytest.mark.parametrize(
    "text",
    [
        TABLE,
        "\ufefflabel;Filename\r\ndog;pics/1.png\r\ncat;pics/2.png\r\n",
        "id\timage\tclass\n1\t pics/1.png\t dog\n2\tpics\\2.png\tcat\n\n",
        "path,label\npics/1.png,dog\npics/2.png,cat\npics/2.png,cat\n",
    ],
    ids=["plain", "semicolons", "tabs", "repeated"],
)
def test_tables_of_paths_and_labels(fill: Fill, text: str) -> None:
    root = fill({**IMAGES, "labels.csv": text})
    for named in (root, root / "labels.csv"):
        dataset = scan(named)
        assert dataset.items == (Item("pics/1.png", "dog"), Item("pics/2.png", "cat"))
        assert dataset.classes == ("cat", "dog")
        assert dataset.root == root
        assert dataset.layout.startswith("labels.csv with path, label")


def test_a_table_may_name_the_splits(fill: Fill) -> None:
    text = "path,label,split\npics/1.png,dog,train\npics/2.png,cat,Training\npics/3.png,cat,valid\n"
    dataset = scan(fill({**IMAGES, "pics/3.png": 3, "labels.csv": text}))
    assert [item.split for item in dataset.items] == ["train", "train", "val"]
    assert dataset.warnings == ("no images in val for 'dog': accuracy will say nothing about it",)


def test_a_table_may_name_images_elsewhere(fill: Fill, tmp_path: Path) -> None:
    root = fill(IMAGES)
    table = tmp_path / "labels.csv"
    table.write_text(f"path,label\n{root}/pics/1.png,dog\nimages/pics/2.png,cat\n", encoding="utf-8")
    assert [item.path for item in scan(table).items] == ["images/pics/1.png", "images/pics/2.png"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\nm,n\n", "needs a column of paths .* its header: a, b"),
        ("", "its header: empty"),
        ("path,label\n", "no rows"),
        ("path,label\npics/1.png,dog\npics/2.png,dog\n", r"one class only \('dog'\)"),
        (
            "path,label\npics/1.png,dog\npics/1.png,cat\n",
            "row 3 gives pics/1.png a second time, with different labels",
        ),
        ("path,label\npics/1.png,\n", "row 2 has no label"),
        ("path,label\nx/1.png,dog\nx/2.png,cat\n", r"none of its files exists \(x/1.png\)"),
        (
            "path,label,split\npics/1.png,dog,train\npics/2.png,cat,later\n",
            "row 3: split 'later' is not one of",
        ),
        ("path,label,split\npics/1.png,dog,train\npics/2.png,cat,\n", "the split of pics/2.png is empty"),
        ("path,label,split\npics/1.png,dog,val\npics/2.png,cat,val\n", "no image in train"),
    ],
)
def test_tables_that_are_refused(fill: Fill, text: str, message: str) -> None:
    root = fill({**IMAGES, "labels.csv": text})
    with pytest.raises(DataError, match=message):
        scan(root / "labels.csv")


def test_a_table_that_is_not_utf8(fill: Fill) -> None:
    root = fill(IMAGES)
    (root / "labels.csv").write_bytes("path,label\npics/1.png,кот\npics/2.png,cat\n".encode("koi8-r"))
    with pytest.raises(DataError, match="is not UTF-8"):
        scan(root)


def test_files_missing_from_a_table_are_a_warning(fill: Fill) -> None:
    root = fill({**IMAGES, "labels.csv": TABLE + "pics/9.png,cat\n"})
    assert scan(root).warnings == ("1 file is named in labels.csv but not there (pics/9.png)",)


def test_class_folders_win_over_a_table_of_other_files(fill: Fill) -> None:
    dataset = scan(fill({"a/1.png": 1, "b/2.png": 2, "labels.csv": "path,label\nold/1.png,x\nold/2.png,y\n"}))
    assert dataset.classes == ("a", "b")
    assert len(dataset.warnings) == 1
    assert dataset.warnings[0].startswith("labels.csv is not used (")
