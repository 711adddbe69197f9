import csv
import random

import pytest

from kerastl.data import scan, split
from kerastl.errors import DataError, UsageError


@pytest.fixture
def table(tmp_path, image):
    """Writes a table of so many images beside them."""

    def write(header, rows):
        for number, row in enumerate(rows):
            image(row[0], (5 * number, 255 - 5 * number, (97 * number) % 256))
        file = tmp_path / "table.csv"
        with file.open("w", newline="") as stream:
            csv.writer(stream).writerows([header, *rows])
        return file

    return write


def heights(count=12):
    random.seed(0)
    return [[f"{number}.png", f"{random.uniform(1, 2):.3f}"] for number in range(count)]


def test_a_column_of_numbers_is_read(table):
    dataset = scan(table(["path", "height", "note"], [[*row, "x"] for row in heights()]), target="height")
    assert (dataset.task, dataset.classes) == ("regression", ("height",))
    assert dataset.labels(dataset.items).dtype == "float32"
    assert "12 images (columns path, height), height from 1." in dataset.layout


def test_the_only_column_with_numbers_needs_no_name(table):
    rows = [[*row, f"x{number % 2}"] for number, row in enumerate(heights())]
    assert scan(table(["path", "height", "note"], rows), task="regression").classes == ("height",)


def test_several_columns_with_numbers_are_named(table):
    file = table(["path", "height", "weight"], [[*row, row[1]] for row in heights()])
    with pytest.raises(DataError, match=r"height, weight hold numbers.*--target NAME takes one"):
        scan(file, task="regression")


def test_decimals_of_which_hardly_two_are_the_same_are_numbers_unasked(table):
    file = table(["path", "label"], heights())
    dataset = scan(file)
    assert dataset.task == "regression"
    assert dataset.layout.endswith("numbers are to be told, not classes (--task classification)")
    assert scan(table(["path", "label"], [[f"{n}.png", str(n % 3)] for n in range(12)])).task == "classification"


def test_a_cell_that_is_no_number_is_named_by_its_row(table):
    rows = heights()
    rows[4][1] = "1.5 m"
    with pytest.raises(DataError, match=r"table\.csv: row 6: '1\.5 m' has a unit"):
        scan(table(["path", "height"], rows), target="height")


def test_a_cell_that_is_no_number_is_named_where_no_other_column_is_left(table):
    rows = heights()
    rows[4][1] = "NaN"
    with pytest.raises(DataError, match=r"table\.csv: row 6: 'NaN' stands where a number is missing"):
        scan(table(["path", "height"], rows), task="regression")


def test_two_numbers_of_one_image_are_not_taken_for_labels(table):
    rows = [*heights(), ["3.png", "9.5"]]
    with pytest.raises(DataError, match=r"3\.png a second time, with different numbers; an image has one number"):
        scan(table(["path", "height"], rows), target="height")


def test_a_column_that_is_not_there_is_said(table):
    with pytest.raises(DataError, match="has no column 'weight'"):
        scan(table(["path", "height"], heights()), target="weight")


def test_splits_of_a_table_are_kept(table):
    rows = [[*row, "train" if number < 9 else "test"] for number, row in enumerate(heights())]
    dataset = scan(table(["path", "height", "split"], rows), target="height")
    assert dataset.is_split
    assert [len(dataset.subset(part)) for part in ("train", "val")] == [9, 3]
    assert not dataset.warnings


def test_images_to_validate_on_span_the_numbers(table):
    rows = [[f"{number:02}.png", str(number)] for number in range(40)]
    dataset = split(scan(table(["path", "height"], rows), target="height"), validation_split=0.25)
    held_back = sorted(float(item.label) for item in dataset.subset("val"))
    assert len(held_back) == 10
    assert {sum(value // 10 == decade for value in held_back) for decade in range(4)} <= {2, 3}


def test_folders_named_by_numbers_hold_numbers(tmp_path, image):
    for number in ("1.5", "3", "10"):
        (tmp_path / "data" / number).mkdir(parents=True)
        image(f"data/{number}/a{number}.png", "red")
    dataset = scan(tmp_path / "data", task="regression")
    assert dataset.classes == ("number",)
    assert sorted(dataset.labels(dataset.items).tolist()) == [1.5, 3, 10]


def test_folders_named_by_numbers_have_their_order(tmp_path, image):
    for number in ("9", "10"):
        (tmp_path / "data" / number).mkdir(parents=True)
        image(f"data/{number}/a{number}.png", "red")
    assert scan(tmp_path / "data").classes == ("10", "9")
    assert scan(tmp_path / "data", task="ordinal").classes == ("9", "10")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"task": "classification", "order": ["a", "b"]}, "order is for task ordinal"),
        ({"task": "ordinal", "target": "height"}, "target is for task regression"),
        ({"order": "low,high"}, "order must be a list of names"),
        ({"order": ["a", "b"], "target": "height"}, "target is for task regression"),
    ],
)
def test_what_belongs_to_another_task_is_refused(tmp_path, options, said):
    with pytest.raises(UsageError, match=said):
        scan(tmp_path, **options)
