"""Names of classes that are written alike, and cells that hold several."""

from __future__ import annotations

import pytest

from kerastl.data._layouts.class_names import SeveralLabels, alike, missing, refuse_names, respelled
from kerastl.errors import DataError


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
    assert alike(["cat", "cats", "1", "10", "0", "dog", "-1"]) == []


def test_what_stands_for_a_missing_label_is_said() -> None:
    assert missing(["NaN", "cat", "null"]) == [
        "'NaN' and 'null' are classes here; programs write that where a label is missing"
    ]
    assert missing(["none", "na", "nano"]) == []


def test_names_that_no_model_keeps_are_refused() -> None:
    refuse_names("data", ["x" * 1000, "y"])
    with pytest.raises(
        DataError, match=r"^data: the name of class 'x+… .* has 1,001 letters.* keeps 1,000; shorten it$"
    ):
        refuse_names("data", ["x" * 1001, "y"])
    with pytest.raises(DataError, match="100,001 classes"):
        refuse_names("data", [str(number) for number in range(100_001)])


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
        (["A|B", "B|C", "C"], ["B|C"], ["A|B"]),
        (["cat|brown", "dog|brown", "owl;gray"], [], ["cat|brown", "dog|brown", "owl;gray"]),
        (["cat,brown", "dog,brown", "Paris,France"], [], ["cat,brown", "dog,brown"]),
        (["cat", "cat, owl", "dog,owl"], [], ["cat, owl", "dog,owl"]),
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
