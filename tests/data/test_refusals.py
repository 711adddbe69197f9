"""Whatever a split refuses, a check says: all of it at once, folded by kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from patches import Fill, noise

from kerastl.data import CheckReport, Dataset, Inspection, Item, check, inspect, scan, split
from kerastl.errors import DataError, UsageError


def messages(report: CheckReport) -> dict[str, str]:
    return {finding.kind: finding.message for finding in report.findings}


def both_say(root: Path, message: str, **options: str) -> None:
    """A check and a split say the same, in the same words."""
    dataset = scan(root)
    inspection = inspect(dataset)
    problems = [finding.message for finding in check(dataset, inspection=inspection, **options).problems]  # type: ignore[arg-type]
    assert message in problems
    with pytest.raises(DataError) as caught:
        split(dataset, inspection=inspection, **options)  # type: ignore[arg-type]
    assert str(caught.value) == f"{root}: {message}"


def enough(*names: str) -> dict[str, int | str]:
    return {f"{name}/{number}.png": 50 * ord(name[0]) + number for name in names for number in range(3)}


def test_single_images_in_several_classes(fill: Fill) -> None:
    root = fill({**enough("a", "b"), "c/1.png": 1, "d/2.png": 2})
    both_say(
        root,
        "2 classes have too few images to be both trained and validated on: 'c' (1 image) and 'd' (1 image); "
        "add images, or leave the classes out",
    )


def test_a_burst_is_one_group(fill: Fill) -> None:
    root = fill(enough("a", "b"))
    (root / "burst").mkdir()
    for quality in (95, 90, 85):
        noise(7, 256).save(root / "burst" / f"{quality}.jpg", quality=quality)
    both_say(
        root,
        "class 'burst' has 3 images that fall into 1 group of duplicates, too few to be both trained and validated "
        "on; add images, or leave the class out",
    )


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xd8\xff\xe0 and no more"])
def test_files_that_are_broken_in_the_same_way_are_no_copies(fill: Fill, content: bytes) -> None:
    root = fill({**enough("a", "b"), **{f"c/{number}.jpg": number for number in range(2)}})
    for number in range(2):
        (root / "a" / f"broken {number}.jpg").write_bytes(content)
        (root / "b" / f"broken {number}.jpg").write_bytes(content)
    assert set(messages(check(root))) == {"unreadable", "small_class"}
    assert split(scan(root)).is_split
    for number in range(2):
        (root / "c" / f"{number}.jpg").write_bytes(content)
    both_say(
        root,
        "class 'c' has no readable image, too few to be both trained and validated on; add images, or leave the "
        "class out",
    )


def test_groups_of_an_expression(fill: Fill) -> None:
    root = fill({f"{name}/p{name}_{number}.png": 50 * ord(name) + number for name in "ab" for number in range(3)})
    assert not check(root).problems
    both_say(
        root,
        "2 classes have too few images to be both trained and validated on: 'a' (3 images that fall into 1 group "
        "of duplicates, or of --group-by) and 'b' (3 images that fall into 1 group of duplicates, or of --group-by); "
        "add images, or leave the classes out",
        group_by="p._",
    )
    with pytest.raises(UsageError, match=r"finds nothing in 'a/pa_0.png' and in 3 more of 6 paths"):
        check(root, group_by="_1")


def test_leaks_that_empty_classes(fill: Fill) -> None:
    train: dict[str, int | str] = {f"train/{name}": content for name, content in enough("a", "b", "c", "d").items()}
    val: dict[str, int | str] = {f"val/{name}": content for name, content in enough("a", "b").items()}
    root = fill({**train, **val, "val/c/1.png": 1, "val/d/1.png": 2})
    both_say(
        root,
        "2 classes have no readable image in train that val or test has not: 'a' (3 the same as in val or test) and "
        "'b' (3 the same as in val or test); add images to train",
    )


def test_nothing_readable_to_validate_on(fill: Fill) -> None:
    train: dict[str, int | str] = {f"train/{name}": content for name, content in enough("a", "b").items()}
    root = fill({**train, "val/a/1.png": "broken", "val/b/1.png": "broken", "test/a/1.png": 1, "test/b/1.png": 2})
    both_say(root, "none of the 2 images in val can be read; replace what is in val")


def test_many_classes_are_one_finding_with_evidence_a_class(fill: Fill) -> None:
    root = fill({**enough("a", "b"), **{f"single {number}/1.png": number for number in range(9)}})
    report = check(root)
    assert [finding.kind for finding in report.findings] == ["class_too_small", "small_class", "imbalance"]
    small, few, _ = report.findings
    assert small.message.startswith("9 classes have too few images")
    assert "'single 4' (1 image) and 4 more; add" in small.message
    assert [one.detail for one in small.evidence] == [f"'single {number}': 1 image" for number in range(9)]
    assert few.message == "2 classes have fewer than 20 readable images to learn from"
    assert [str(one) for one in few.evidence] == ["'a': 3 readable images", "'b': 3 readable images"]


def test_a_report_on_an_evaluation_says_nothing_of_training(fill: Fill) -> None:
    root = fill({**enough("a", "b"), "c/1.png": 1})
    assert not check(root, for_training=False).findings


def test_classes_are_counted_once_and_not_once_a_class(monkeypatch: pytest.MonkeyPatch) -> None:
    classes = tuple(f"class {number:03}" for number in range(200))
    items = tuple(Item(f"{name}/{number}.png", name) for name in classes for number in range(2))
    count = len(items)
    inspection = Inspection(
        paths=tuple(item.path for item in items),
        contents=tuple(item.path for item in items),
        formats=("PNG",) * count,
        modes=("RGB",) * count,
        sizes=np.full((count, 2), 32, dtype=np.int32),
        thumbnails=np.zeros((count, 16, 16, 3), dtype=np.uint8),
        unreadable={item.path: "broken" for item in items[::4]},
    )
    calls: list[tuple[Any, ...]] = []
    counts = Dataset.counts

    def counted(self: Dataset, *part: Any) -> dict[str, int]:
        calls.append(part)
        return counts(self, *part)

    monkeypatch.setattr(Dataset, "counts", counted)
    monkeypatch.setattr(Dataset, "is_split", property(lambda self: calls.append(()) or False))
    report = check(Dataset(Path("root"), classes, items, "test"), inspection=inspection)
    report.as_dict()
    assert "100 classes have too few images" in messages(report)["class_too_small"]
    assert len(calls) < 12
