"""Names of classes that are written alike, and cells that hold several."""

from __future__ import annotations

import pytest

from kerastl.data.layouts.class_names import SeveralLabels, alike, respelled


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Cat", "cat"),
        ("1", "01"),
        ("1", "1.0"),
        ("hot dog", "hot_dog"),
        ("ﬁsh", "fish"),
        ("a\u200bb", "ab"),
        ("\uff21", "a"),
    ],
)
def test_classes_that_are_written_nearly_alike(first: str, second: str) -> None:
    (warning,) = alike([first, second, "other"])
    assert "are different classes here" in warning


def test_classes_that_are_not() -> None:
    assert alike(["cat", "cats", "1", "10", "0", "dog"]) == []


def test_many_groups_are_folded() -> None:
    lines = alike([name for letter in "abcdef" for name in (letter, letter.upper())])
    assert len(lines) == 4
    assert lines[3].startswith("3 more groups")


def test_spaces_around_a_name_are_said() -> None:
    assert respelled({"cat": {"cat", "cat "}, "dog": {" dog"}}) == [
        "'cat' and 'cat ' differ in spaces only and are taken for one class"
    ]
    assert respelled({"Bär": {"Ba\u0308r", "Bär"}}) == []


@pytest.mark.parametrize(
    ("labels", "certain", "doubtful"),
    [
        (["cat", "dog", "cat,dog"], ["cat,dog"], []),
        (["A|B", "B|C", "C"], ["B|C"], []),
        (["A|B", "B|C", "C|A"], ["A|B", "B|C", "C|A"], []),
        (["cat", "['cat', 'dog']", "['cat']"], ["['cat', 'dog']"], []),
        (["salmon, smoked", "salmon, fresh", "trout"], [], []),
        (["tench, Tinca tinca", "goldfish"], [], []),
        (["bow", "tie", "bow tie"], [], ["bow tie"]),
        (["scab", "rust", "rot", "scab rust", "rot rust"], ["rot rust", "scab rust"], []),
        (["cat", "cat,cat", "[cat", "[]", "()", "a|"], [], []),
    ],
)
def test_several_labels_in_a_cell(labels: list[str], certain: list[str], doubtful: list[str]) -> None:
    assert SeveralLabels(labels).found() == (certain, doubtful)
