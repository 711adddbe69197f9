"""What is enough to hold a model against, and too little to learn from."""

from __future__ import annotations

import pytest
from patches import Fill

from kerastl.data import Dataset, scan
from kerastl.errors import DataError


def found(dataset: Dataset) -> list[tuple[str, str, str | None]]:
    return [(item.path, item.label, item.split) for item in dataset.items]


TABLE = "path,label,split\n"
CASES = {
    "one class": ({"a/1.png": 1, "a/2.png": 2}, [("a/1.png", "a", None), ("a/2.png", "a", None)]),
    "test alone": (
        {"test/a/1.png": 1, "test/b/2.png": 2},
        [("test/a/1.png", "a", "test"), ("test/b/2.png", "b", "test")],
    ),
    "test of one class": ({"test/a/1.png": 1}, [("test/a/1.png", "a", "test")]),
    "val and test": (
        {"val/a/1.png": 1, "test/a/2.png": 2},
        [("test/a/2.png", "a", "test"), ("val/a/1.png", "a", "val")],
    ),
    "a class that train has not": (
        {"train/a/1.png": 1, "val/b/2.png": 2},
        [("train/a/1.png", "a", "train"), ("val/b/2.png", "b", "val")],
    ),
    "a test without val keeps its name": (
        {"train/a/1.png": 1, "train/b/2.png": 2, "test/a/3.png": 3},
        [("test/a/3.png", "a", "test"), ("train/a/1.png", "a", "train"), ("train/b/2.png", "b", "train")],
    ),
    "a table of one class": ({"t.csv": "path,label\nx.png,a\n", "x.png": 1}, [("x.png", "a", None)]),
    "a table of test rows": (
        {"t.csv": f"{TABLE}x.png,a,test\ny.png,b,test\n", "x.png": 1, "y.png": 2},
        [("x.png", "a", "test"), ("y.png", "b", "test")],
    ),
    "a table of val rows": ({"t.csv": f"{TABLE}x.png,a,val\n", "x.png": 1}, [("x.png", "a", "val")]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_is_enough(fill: Fill, case: str) -> None:
    files, items = CASES[case]
    root = fill(files)
    dataset = scan(root, for_training=False)
    assert found(dataset) == items
    assert dataset.classes == tuple(sorted({label for _, label, _ in items}))
    if case not in ("val and test", "a test without val keeps its name"):
        with pytest.raises(DataError):
            scan(root)


def test_train_alone_loses_its_part(fill: Fill) -> None:
    assert found(scan(fill({"train/a/1.png": 1}), for_training=False)) == [("train/a/1.png", "a", None)]


def test_images_without_class_folders_are_refused_with_a_way_out(fill: Fill) -> None:
    root = fill({"circle/1.png": 1})
    with pytest.raises(DataError, match=r"no class folders in it.* if they all show 'circle', give the folder above"):
        scan(root / "circle", for_training=False)


def test_a_table_without_rows_is_refused(fill: Fill) -> None:
    with pytest.raises(DataError, match="no rows"):
        scan(fill({"t.csv": "path,label\n"}) / "t.csv", for_training=False)
