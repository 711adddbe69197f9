"""Parts are stratified, repeatable, and never share an image or a group."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from patches import Fill, noise
from PIL import Image
from sklearn.model_selection import StratifiedShuffleSplit

from kerastl.data import (
    SPLIT_STRATEGIES,
    Dataset,
    Inspection,
    Item,
    SplitStrategy,
    read_split,
    register_split_strategy,
    scan,
    split,
    write_split,
)
from kerastl.data._split import divide
from kerastl.errors import DataError, PluginError, UsageError


def described(labels: str, contents: str | None = None) -> tuple[Dataset, Inspection]:
    """A data set of one image a letter: its label, and its content (each its own if not given)."""
    items = tuple(Item(f"{label}/{number:03}.png", label) for number, label in enumerate(labels))
    items = tuple(sorted(items))
    known = dict(zip((f"{label}/{number:03}.png" for number, label in enumerate(labels)), contents or "", strict=False))
    count = len(items)
    inspection = Inspection(
        paths=tuple(item.path for item in items),
        contents=tuple(known.get(item.path, item.path) for item in items),
        formats=("PNG",) * count,
        modes=("RGB",) * count,
        sizes=np.full((count, 2), 32, dtype=np.int32),
        thumbnails=np.zeros((count, 16, 16, 3), dtype=np.uint8),  # flat images are never similar
        unreadable={},
    )
    return Dataset(Path("root"), tuple(sorted(set(labels))), items, "test"), inspection


def sides(dataset: Dataset) -> dict[str, str | None]:
    return {item.path: item.split for item in dataset.items}


def test_each_class_gives_its_share_as_in_scikit_learn() -> None:
    labels = "a" * 50 + "b" * 30 + "c" * 20
    dataset, inspection = described(labels)
    result = split(dataset, validation_split=0.2, seed=3, inspection=inspection)
    _, val = next(StratifiedShuffleSplit(1, test_size=0.2, random_state=0).split(labels, list(labels)))
    chosen = [labels[index] for index in val]
    assert result.counts("val") == {name: chosen.count(name) for name in "abc"} == {"a": 10, "b": 6, "c": 4}
    assert result.counts("train") == {"a": 40, "b": 24, "c": 16}


def test_the_smallest_classes_stand_on_both_sides() -> None:
    dataset, inspection = described("aabbb" + "c" * 40)
    result = split(dataset, validation_split=0.1, inspection=inspection)
    assert result.counts("val") == {"a": 1, "b": 1, "c": 4}
    assert split(dataset, validation_split=0.9, inspection=inspection).counts("train") == {"a": 1, "b": 1, "c": 4}


def test_the_seed_decides_and_the_order_does_not() -> None:
    dataset, inspection = described("ab" * 50)
    first = split(dataset, seed=1, inspection=inspection)
    assert split(dataset, seed=1, inspection=inspection) == first
    assert sides(split(dataset, seed=2, inspection=inspection)) != sides(first)


def test_copies_stay_on_one_side() -> None:
    # Ten images of each class, each three times.
    labels = ("a" * 30) + ("b" * 30)
    contents = "0123456789" * 3 + "ABCDEFGHIJ" * 3
    dataset, inspection = described(labels, contents)
    for seed in range(20):
        result = split(dataset, seed=seed, inspection=inspection)
        homes: dict[str, set[str | None]] = {}
        for path, side in sides(result).items():
            homes.setdefault(inspection.content_hashes[path], set()).add(side)
        assert all(len(home) == 1 for home in homes.values())
        assert result.counts("val") == {"a": 6, "b": 6}


def test_images_saved_again_stay_on_one_side(fill: Fill) -> None:
    root = fill({f"{name}/{number}.png": 10 * number + ord(name) for name in "ab" for number in range(5)})
    for number in range(5):
        large = noise(10 * number + ord("a"), size=64)
        large.save(root / "b" / f"copy {number}.jpg", quality=70)
    for seed in range(5):
        parts = sides(split(scan(root), validation_split=0.4, seed=seed))
        for number in range(5):
            assert parts[f"a/{number}.png"] == parts[f"b/copy {number}.jpg"]


def test_groups_stay_on_one_side() -> None:
    # 20 patients with 5 images each; the patient is the number divided by five.
    dataset, inspection = described(("a" * 50) + ("b" * 50))
    items = tuple(
        replace(item, path=f"{item.label}/patient{number // 5:02}_{number}.png")
        for number, item in enumerate(dataset.items)
    )
    dataset = replace(dataset, items=items)
    inspection = replace(
        inspection, paths=tuple(item.path for item in items), contents=tuple(item.path for item in items)
    )
    result = split(dataset, seed=5, group_by=r"(patient\d+)_", inspection=inspection)
    patients: dict[str, set[str | None]] = {}
    for path, side in sides(result).items():
        patients.setdefault(path.split("/")[1].split("_")[0], set()).add(side)
    assert len(patients) == 20
    assert all(len(side) == 1 for side in patients.values())
    assert result.counts("val") == {"a": 10, "b": 10}
    # Without a group in the expression, the whole match counts: here the patients' first digit.
    with pytest.raises(DataError, match=r"2 classes .* 'a' \(50 images that fall into 1 group of"):
        split(dataset, group_by=r"patient\d", inspection=inspection)


@pytest.mark.parametrize(
    ("expression", "message"), [("x(", "is no regular expression"), ("0(9)", "finds nothing in 'a/000.png'")]
)
def test_expressions_that_do_not_serve(expression: str, message: str) -> None:
    dataset, inspection = described("aabb")
    with pytest.raises(UsageError, match=message):
        split(dataset, group_by=expression, inspection=inspection)


def test_classes_too_small_to_split() -> None:
    dataset, inspection = described("aaab")
    with pytest.raises(DataError, match="class 'b' has 1 image, too few to be both trained and validated on"):
        split(dataset, inspection=inspection)
    dataset, inspection = described("aaabbb", "012xxx")
    with pytest.raises(DataError, match="class 'b' has 3 images that fall into 1 group"):
        split(dataset, inspection=inspection)


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 20])
def test_fractions_out_of_range(fraction: float) -> None:
    dataset, inspection = described("aabb")
    with pytest.raises(UsageError, match="validation_split must be above 0 and below 1"):
        split(dataset, validation_split=fraction, inspection=inspection)


@pytest.fixture
def strategy(monkeypatch):
    """Register a strategy for one test."""
    monkeypatch.setattr(SPLIT_STRATEGIES, "_entries", dict(SPLIT_STRATEGIES._entries))
    return lambda chooser: register_split_strategy(SplitStrategy("mine", "for this test", chooser))


def test_a_strategy_of_ones_own(strategy) -> None:
    strategy(lambda dataset, groups, fraction, seed: {group[0] for group in groups[:: round(1 / fraction)]})
    dataset, inspection = described("aaabb")
    result = split(dataset, validation_split=0.5, split_strategy="mine", inspection=inspection)
    assert {path for path, side in sides(result).items() if side == "val"} == {"a/000.png", "a/002.png", "b/004.png"}


def test_a_strategy_that_leaks_is_refused(strategy) -> None:
    dataset, inspection = described("aabb", "xxyz")  # the first two are one image
    strategy(lambda *_: {"a/000.png", "b/002.png"})
    with pytest.raises(PluginError, match=r"'mine' tears apart what belongs to 'a/000.png'"):
        split(dataset, split_strategy="mine", inspection=inspection)
    strategy_of_others = SplitStrategy("mine", "for this test", lambda *_: {"c/000.png"})
    register_split_strategy(strategy_of_others, replace=True)
    with pytest.raises(PluginError, match=r"'mine' chooses 'c/000.png', which is not there"):
        split(dataset, split_strategy="mine", inspection=inspection)
    with pytest.raises(UsageError, match="unknown split strategy 'stratifed', did you mean stratified"):
        split(dataset, split_strategy="stratifed", inspection=inspection)


def test_given_parts_stay_and_leaks_leave_train(fill: Fill) -> None:
    root = fill(
        {
            "train/a/1.png": 1,
            "train/a/2.png": 2,
            "train/b/3.png": 3,
            "train/b/4.png": 4,
            "val/a/again.png": 2,
            "val/b/6.png": 6,
        }
    )
    result = split(scan(root))
    assert sides(result) == {
        "train/a/1.png": "train",
        "train/b/3.png": "train",
        "train/b/4.png": "train",
        "val/a/again.png": "val",
        "val/b/6.png": "val",
    }
    assert result.warnings == ("1 image of train is left out: val or test hold the same (train/a/2.png)",)
    with pytest.raises(UsageError, match="comes with its own train and val"):
        split(scan(root), group_by="x")


def test_unreadable_images_are_left_out(fill: Fill) -> None:
    root = fill({f"{name}/{number}.png": number + ord(name) for name in "ab" for number in range(4)})
    (root / "a" / "broken.png").write_bytes(b"not an image")
    assert "a/broken.png" not in sides(split(scan(root)))


def test_written_and_read_again(fill: Fill, tmp_path: Path) -> None:
    root = fill({f"{name}/{number}, x.png": number + ord(name) for name in "aé" for number in range(5)})
    result = split(scan(root))
    table = tmp_path / "split.csv"
    write_split(result, table)
    lines = table.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "path,label,split"
    assert lines[1] == f'"a/0, x.png",a,{result.items[0].split}'
    again = read_split(table, root)
    assert (again.items, again.classes) == (result.items, result.classes)
    (root / "a" / "3, x.png").unlink()
    with pytest.raises(DataError, match=r"1 image is no longer in .*images \(a/3, x.png\)"):
        read_split(table, root)


def test_a_split_with_an_unknown_part(fill: Fill, tmp_path: Path) -> None:
    root = fill({"a/1.png": 1})
    table = tmp_path / "split.csv"
    table.write_text("path,label,split\na/1.png,a,holdout\n", encoding="utf-8")
    with pytest.raises(DataError, match="row 2 has the split 'holdout'"):
        read_split(table, root)


def test_names_that_are_not_utf8_survive(tmp_path: Path) -> None:
    root = tmp_path / "images"
    for name in (b"a", b"b"):
        folder = root / name.decode()
        folder.mkdir(parents=True)
        for number in range(2):
            image = Image.fromarray(np.full((8, 8, 3), number * 50 + name[0], dtype=np.uint8))
            image.save(Path(str(folder), f"{number}\udce9.png"), "PNG")
    result = split(scan(root))
    write_split(result, tmp_path / "split.csv")
    assert read_split(tmp_path / "split.csv", root).items == result.items


def test_names_that_are_too_long_for_the_disk_are_files_that_are_not_there(tmp_path):
    long = "x" * 5_000
    (tmp_path / "split.csv").write_text(f"path,label,split\n{long},cat,train\n")
    with pytest.raises(DataError, match="1 image is no longer in"):
        read_split(tmp_path / "split.csv", tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        scan(tmp_path / long)


@pytest.mark.parametrize("fraction", [None, 0.25])
def test_a_class_with_images_elsewhere_may_have_any_number_here(fraction):
    dataset, inspection = described("aaaab")
    arguments = {"validation_split": fraction, "seed": 0, "group_by": None, "split_strategy": "stratified"}
    parts, refused = divide(dataset, inspection=inspection, elsewhere=("b",), **arguments)
    assert (len(parts.items), refused) == (5, [])
    _, refused = divide(dataset, inspection=inspection, elsewhere=("a",), **arguments)
    assert [refusal.kind for refusal in refused] == ["class_too_small"]
