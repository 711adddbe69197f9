"""Plain values as YAML: what PyYAML reads from it."""

import math

import pytest

from kerastl.exporting._yaml import to_yaml

yaml = pytest.importorskip("yaml", reason="PyYAML comes with mkdocs, which is an extra")


@pytest.mark.parametrize(
    "text",
    ["plain", "", "yes", "3", "- a: b", "#", "a: b", '"quoted" \\ back', "'", "---", "ümläut 猫 🐈", "{x}", "[x]",
     "!!python", "*a", "&a", "%", "@", "`", "null", " spaced "],
)  # fmt: skip
def test_texts_stay_texts(text):
    assert yaml.safe_load(to_yaml({"key": {"inner": text}, "all": [text, {"one": text}]})) == {
        "key": {"inner": text},
        "all": [text, {"one": text}],
    }


def test_what_cannot_be_printed_is_made_visible():
    assert yaml.safe_load(to_yaml({"key": "a\nb\u2028c\x00\u202e\ud800"})) == {
        "key": "a\\nb\\u2028c\\x00\\u202e\\ud800"
    }


def test_numbers_are_numbers():
    values = {"whole": 3, "one": 1.0, "small": 0.000012, "large": 123456.5, "flag": True, "none": None, "empty": []}
    read = yaml.safe_load(to_yaml({**values, "nan": math.nan}))
    assert read == {
        "whole": 3, "one": 1.0, "small": 0.000012, "large": 123456.5, "flag": True, "nan": "unknown"
    }  # fmt: skip
    assert isinstance(read["one"], float)
    assert isinstance(read["small"], float)


def test_mappings_stand_in_lists():
    value = {"index": [{"name": "a", "results": [{"type": "x", "value": 1}, {"type": "y", "more": {"z": [1, 2]}}]}]}
    assert yaml.safe_load(to_yaml(value)) == value
