"""Several labels an image: in cells, in columns, in folders."""

import csv
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kerastl.cli import run
from kerastl.data import Dataset, Item, check, inspect, read_split, scan, split, write_split
from kerastl.errors import DataError, UsageError

Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a table and images of different colors."""

    def write(header: str, *rows: str, images: int | None = None) -> Path:
        for number in range(len(rows) if images is None else images):
            Image.new("RGB", (8, 8), (9 * number, 255 - 9 * number, 30)).save(tmp_path / f"{number}.png")
        (tmp_path / "labels.csv").write_text("\n".join([header, *rows]) + "\n")
        return tmp_path

    return write


def labels(dataset: Dataset) -> dict[str, str]:
    return {item.path: item.label for item in dataset.items}


SEVERAL = ("0.png,cat|dog", "1.png,cat", "2.png,dog|bird", "3.png,bird|cat")


def test_cells_with_several_labels_are_found(make: Make) -> None:
    dataset = scan(make("path,label", *SEVERAL))
    assert dataset.task == "multilabel"
    assert dataset.classes == ("bird", "cat", "dog")
    assert labels(dataset) == {"0.png": "cat|dog", "1.png": "cat", "2.png": "bird|dog", "3.png": "bird|cat"}
    assert dataset.counts() == {"bird": 2, "cat": 3, "dog": 2}
    assert "any number of labels an image, with '|' between" in dataset.layout
    assert dataset.labels(dataset.items).tolist()[2] == [True, False, True]


def test_empty_cells_are_none_of_the_labels_and_said(make: Make) -> None:
    dataset = scan(make("path,label", *SEVERAL, "4.png,"))
    assert labels(dataset)["4.png"] == ""
    assert any("1 image has none of the labels (4.png)" in warning for warning in dataset.warnings)
    assert not dataset.labels(dataset.items)[4].any()


@pytest.mark.parametrize(
    ("between", "told"), [(";", None), (",", None), (" and ", " and "), ("/", "/"), (" ", " "), ("|", "|")]
)
def test_separators(make: Make, between: str, told: str | None) -> None:
    rows = [f'{number}.png,"{between.join(names)}"' for number, names in enumerate(("ab", "a", "bc", "ca", "b", "c"))]
    dataset = scan(make("path,label", *rows), label_separator=told)
    assert dataset.task == "multilabel"
    assert list(labels(dataset).values()) == ["a|b", "a", "b|c", "a|c", "b", "c"]


def test_escaped_separators_belong_to_a_name(make: Make) -> None:
    dataset = scan(make("path,label", "0.png,black\\|white|dog", "1.png,dog", "2.png,black\\|white"), task="multilabel")
    assert dataset.classes == ("black|white", "dog")
    assert dataset.class_names(dataset.items[0]) == ("black|white", "dog")
    assert dataset.counts() == {"black|white": 2, "dog": 2}


def test_lists_of_python_are_labels(make: Make) -> None:
    rows = ["0.png,\"['cat', 'dog']\"", "1.png,['cat']", "2.png,\"['dog', 'bird']\"", "3.png,[]"]
    dataset = scan(make("path,label", *rows), task="multilabel")
    assert labels(dataset) == {"0.png": "cat|dog", "1.png": "cat", "2.png": "bird|dog", "3.png": ""}


def test_values_in_python_may_be_lists() -> None:
    rows: list[Any] = [("data/candle.jpg", ["candle", "light"]), ("data/umbrella.png", [])]
    assert [item.label for item in scan(rows, task="multilabel").items] == ["candle|light", ""]


def test_a_task_that_is_told_takes_cells_as_they_are(make: Make) -> None:
    root = make("path,label", *SEVERAL)
    with pytest.raises(DataError, match=r"several labels in a cell.*--task multilabel"):
        scan(root, task="classification")
    single = scan(make("path,label", "0.png,cat", "1.png,dog"), task="multilabel")
    assert (single.task, single.classes) == ("multilabel", ("cat", "dog"))


def test_columns_with_ones_and_zeros(make: Make) -> None:
    dataset = scan(make("path,cat,dog,bird", "0.png,1,1,0", "1.png,1,0,0", "2.png,0,1,1", "3.png,0,0,0"))
    assert dataset.task == "multilabel"
    assert labels(dataset) == {"0.png": "cat|dog", "1.png": "cat", "2.png": "bird|dog", "3.png": ""}
    assert "a column each" in dataset.layout


def test_columns_with_one_1_in_each_row_are_classes_unless_told(make: Make) -> None:
    root = make("path,cat,dog", "0.png,1,0", "1.png,0,1", "2.png,1,0")
    assert scan(root).task == "classification"
    told = scan(root, task="multilabel")
    assert (told.task, labels(told)) == ("multilabel", {"0.png": "cat", "1.png": "dog", "2.png": "cat"})


def test_one_column_of_ones_and_zeros_is_one_label(make: Make) -> None:
    dataset = scan(make("path,hotdog", "0.png,1", "1.png,0", "2.png,0"), task="multilabel")
    assert dataset.classes == ("hotdog",)
    assert dataset.labels(dataset.items).tolist() == [[True], [False], [False]]


def test_other_values_in_such_columns_are_refused(make: Make) -> None:
    root = make("path,cat,dog", *("0.png,1,1", "1.png,0,1") * 150, "2.png,1,maybe", images=3)
    with pytest.raises(DataError, match="row 302"):
        scan(root, task="multilabel")


def test_empty_cells_of_such_columns_are_zeros(make: Make) -> None:
    dataset = scan(make("path,cat,dog", "0.png,1,1", "1.png,1,", "2.png,,1"), task="multilabel")
    assert labels(dataset) == {"0.png": "cat|dog", "1.png": "cat", "2.png": "dog"}


def test_rows_of_one_image_add_up(make: Make) -> None:
    root = make("path,label", "0.png,cat", "0.png,dog", "1.png,dog", images=2)
    assert labels(scan(root, task="multilabel")) == {"0.png": "cat|dog", "1.png": "dog"}
    with pytest.raises(DataError, match=r"a second time, with different labels.*--task multilabel takes all"):
        scan(root)


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Class folders: one image is in both of them, and each has two more."""
    for number, name in enumerate(("cat", "dog")):
        (tmp_path / name).mkdir()
        for image in range(2):
            Image.new("RGB", (8, 8), (100 * number, 50 * image, 7)).save(tmp_path / name / f"{image}.png")
    Image.new("RGB", (8, 8), "white").save(tmp_path / "cat" / "both.png")
    shutil.copy(tmp_path / "cat" / "both.png", tmp_path / "dog" / "again.png")
    return tmp_path


def test_an_image_in_several_folders_has_the_labels_of_all(folders: Path) -> None:
    dataset = scan(folders, task="multilabel")
    assert len(dataset.items) == 5
    assert labels(dataset)["cat/both.png"] == "cat|dog"
    assert "1 image lies in several class folders" in dataset.layout
    assert dataset.counts() == {"cat": 3, "dog": 3}
    assert len(scan(folders).items) == 6  # a conflict, which check tells


def test_copies_in_one_folder_stay_images_of_their_own(folders: Path) -> None:
    shutil.copy(folders / "cat" / "0.png", folders / "cat" / "copy.png")
    assert labels(scan(folders, task="multilabel"))["cat/copy.png"] == "cat"


def test_check_finds_no_conflict_where_labels_may_be_several(folders: Path) -> None:
    kinds = {finding.kind for finding in check(folders, task="multilabel").findings}
    assert "duplicates_across_classes" not in kinds
    assert "duplicates_across_classes" in {finding.kind for finding in check(folders).findings}


def test_a_split_of_labels_comes_back(make: Make, tmp_path: Path) -> None:
    rows = [f"{number}.png,{'cat|dog' if number % 3 else 'cat'}" for number in range(20)]
    dataset = scan(make("path,label", *rows), task="multilabel")
    parts = split(dataset, validation_split=0.25)
    counts = parts.counts("val")
    assert len(parts.subset("val")) == 5
    assert counts["cat"] == 5
    assert 3 <= counts["dog"] <= 4  # 13 of 20
    write_split(parts, tmp_path / "split.csv")
    again = read_split(tmp_path / "split.csv", tmp_path, "multilabel")
    assert again.items == parts.items
    assert again.classes == parts.classes


def test_labels_that_one_image_has_are_no_reason_to_refuse(make: Make) -> None:
    dataset = scan(make("path,label", *SEVERAL, "4.png,rare|cat"))
    parts = split(dataset, inspection=inspect(dataset))
    assert parts.is_split


def test_separators_are_for_labels_only() -> None:
    with pytest.raises(UsageError, match="label_separator is for task multilabel"):
        scan("data/shapes", task="regression", label_separator=";")
    with pytest.raises(UsageError, match="must have 1 to 10 letters"):
        scan("data/shapes", label_separator="")


def test_a_table_of_labels_is_read_as_csv_reads_it(make: Make) -> None:
    root = make("path,label", '0.png,"cat|""big"" dog"', "1.png,cat", images=2)
    assert scan(root, task="multilabel").classes == ('"big" dog', "cat")
    with (root / "labels.csv").open() as file:
        assert next(csv.DictReader(file))["label"] == 'cat|"big" dog'


def test_items_keep_their_texts() -> None:
    dataset = Dataset(Path(), ("cat", "dog"), (Item("a.png", "cat|dog"),), "", task="multilabel")
    assert dataset.class_names(dataset.items[0]) == ("cat", "dog")


def test_images_of_several_labels_count_once_in_all(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    root = make("path,label", *SEVERAL)
    assert run(["check", str(root)]) == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.split()[:1] == ["all"]]
    assert line.split() == ["all", "4"]
    assert re.search(r"all</\w+></td><td[^>]*>4<", check(root)._repr_html_())


def test_labels_are_not_weighed(make: Make) -> None:
    rows = [f"{number}.png,{'cat|dog' if number == 0 else 'cat'}" for number in range(25)]
    assert "imbalance" not in {finding.kind for finding in check(make("path,label", *rows), task="multilabel").findings}
