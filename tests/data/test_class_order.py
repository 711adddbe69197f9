from pathlib import Path

import pytest

from kerastl.data import Dataset, Item
from kerastl.data._class_order import with_order
from kerastl.errors import DataError, UsageError


def data(*classes):
    items = tuple(Item(f"{name}/1.png", name) for name in classes)
    return Dataset(Path("photos"), tuple(sorted(classes)), items, f"{len(classes)} class folders")


def test_classes_are_put_into_the_order_that_is_given():
    found = with_order(data("low", "mid", "high"), ["low", " mid ", "high"])
    assert (found.task, found.classes) == ("ordinal", ("low", "mid", "high"))
    assert found.layout == "3 class folders, in the order low < mid < high"
    assert found.labels(found.items).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        (("10", "9", "-1"), ("-1", "9", "10")),
        (("2 stars", "10 stars", "1 star"), ("1 star", "2 stars", "10 stars")),
        (("65+", "0-17", "18-64"), ("0-17", "18-64", "65+")),
        (("0,5", "0.25"), ("0.25", "0,5")),
    ],
)
def test_names_that_begin_with_numbers_tell_the_order(given, ordered):
    found = with_order(data(*given), None)
    assert found.classes == ordered
    assert "in the order of their numbers" in found.layout


def test_where_names_tell_none_an_order_is_asked_for():
    with pytest.raises(DataError, match=r"order of the classes is not known .'high' begins with no number.*--order hi"):
        with_order(data("low", "high"), None)
    with pytest.raises(DataError, match="some begin with the same number"):
        with_order(data("1", "1.0", "2"), None)


@pytest.mark.parametrize(
    ("order", "error", "said"),
    [
        (["low", "high"], DataError, "photos: the order lacks 'mid'; name every class"),
        (["low", "med", "high"], DataError, "'med' in the order is no class of the data; did you mean 'mid'"),
        (["a", "b"], DataError, "'a', 'b' in the order are no classes of the data; there are 'high', 'low'"),
        (["low", "mid", "low", "high"], UsageError, "order names 'low' twice"),
    ],
)
def test_an_order_that_does_not_fit_is_refused(order, error, said):
    with pytest.raises(error, match=said):
        with_order(data("low", "mid", "high"), order)
