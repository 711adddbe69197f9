from pathlib import Path

import pytest

from kerastl.data import Dataset, Item
from kerastl.data._numbers import with_numbers
from kerastl.errors import DataError


def data(*labels):
    items = tuple(Item(f"{number}.png", label) for number, label in enumerate(labels))
    return Dataset(Path("photos"), tuple(sorted(set(labels))), items, "a table")


def test_labels_become_numbers_that_read_back():
    found = with_numbers(data("1,5", "12,0", "-3"), "height")
    assert (found.task, found.classes) == ("regression", ("height",))
    assert [item.label for item in found.items] == ["1.5", "12", "-3"]
    assert found.labels(found.items).tolist() == [1.5, 12, -3]
    assert found.layout == "a table, height from -3 to 12"


def test_a_label_that_is_no_number_is_named_by_its_image_or_its_row():
    with pytest.raises(DataError, match=r"photos: 1\.png: 'tall' is no number"):
        with_numbers(data("3", "tall"), "height")
    with pytest.raises(DataError, match="table, row 7: 'tall' is no number"):
        with_numbers(data("3", "tall"), "height", lambda item: f"table, row {6 + int(item.path[0])}")


def test_a_number_that_never_changes_teaches_nothing():
    with pytest.raises(DataError, match="height is 7 for all 3 images; there is nothing to learn"):
        with_numbers(data("7", "7.0", "7"), "height")
    assert with_numbers(data("7", "7"), "height", for_training=False).classes == ("height",)


def test_numbers_that_float32_cannot_tell_apart_are_refused():
    with pytest.raises(DataError, match="1700000000 and 1700000001, which are the same in float32"):
        with_numbers(data("1700000000", "1700000001", "3"), "time")
