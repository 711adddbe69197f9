"""Labeled images that come as DataFrames, rows and mappings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patches import Fill

from kerastl.data import Item, scan
from kerastl.errors import DataError, UsageError

NAMES = [f"img/{number}.jpg" for number in range(4)]
LABELS = ["dog", "cat", "dog", "cat"]
PAIRS = list(zip(NAMES, LABELS, strict=True))
ITEMS = tuple(Item(name, label) for name, label in zip(NAMES, LABELS, strict=True))


@pytest.fixture(autouse=True)
def here(fill: Fill, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = fill(dict.fromkeys(NAMES, ""))
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize(
    "data",
    [
        PAIRS,
        [[Path(name), np.str_(label)] for name, label in zip(NAMES, LABELS, strict=True)],
        np.array([NAMES, LABELS]).T,
        {"dog": NAMES[::2], "cat": NAMES[1::2]},
        {"label": LABELS, "path": NAMES},
    ],
    ids=["tuples", "lists", "array", "by label", "columns"],
)
def test_rows_and_mappings(data: Any) -> None:
    dataset = scan(data)
    assert dataset.items == ITEMS
    assert dataset.classes == ("cat", "dog")


def test_an_iterator_is_read_once() -> None:
    assert scan(zip(NAMES, LABELS, strict=True)).items == ITEMS


def test_a_data_set_stays_as_it_is(here: Path) -> None:
    dataset = scan(PAIRS)
    assert scan(dataset) is dataset


def test_rows_with_splits() -> None:
    dataset = scan([(name, label, ("train", "dev")[n // 2]) for n, (name, label) in enumerate(PAIRS)])
    assert [item.split for item in dataset.items] == ["train", "train", "val", "val"]


def test_data_frames(here: Path) -> None:
    pandas = pytest.importorskip("pandas")
    assert scan(pandas.DataFrame({"path": NAMES, "label": LABELS})).items == ITEMS
    ids = pandas.DataFrame({"id": range(4), "age": [9.5, 3, 1, 2], "breed": pandas.Categorical(LABELS)})
    assert scan(ids).items == ITEMS
    assert scan(ids, images=here / "img").items == tuple(Item(f"{n}.jpg", LABELS[n]) for n in range(4))
    # A missing value makes floats of whole numbers; rows are known by their index.
    frame = pandas.DataFrame({"path": NAMES, "label": [0, 1, 0, None]}, index=list("wxyz"))
    with pytest.raises(DataError, match="DataFrame: row z has no label"):
        scan(frame)
    assert scan(frame[:3]).classes == ("0", "1")
    assert scan(pandas.DataFrame({"label": LABELS}, index=pandas.Index(NAMES, name="path"))).items == ITEMS


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (3, UsageError, "data must be a folder, a table, a DataFrame.* Received: int"),
        (None, UsageError, "Received: NoneType"),
        (["a.jpg", "b.jpg"], UsageError, r"data must be rows of \(path, label\).* Received: 'a.jpg' as item 0"),
        ([("a.jpg", "x"), ("b.jpg",)], UsageError, "as item 1"),
        ({"dog": "img/0.jpg"}, UsageError, "mapping of labels to lists of paths"),
        ([], DataError, "no rows"),
        ([(NAMES[0], "a"), (NAMES[0], "b")], DataError, "item 1 gives img/0.jpg a second time"),
        ([("x.jpg", "a"), ("y.jpg", "b")], DataError, r"none of its files exists \(x.jpg\)"),
    ],
)
def test_what_is_refused(data: object, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        scan(data)
