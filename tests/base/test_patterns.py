"""Braces, as a shell and WebDataset read them."""

from __future__ import annotations

import subprocess

import pytest

from kerastl._base import patterns
from kerastl._base.patterns import braces, has_braces
from kerastl.errors import UsageError


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a-{000..002}.tar", ["a-000.tar", "a-001.tar", "a-002.tar"]),
        ("{8..10}", ["8", "9", "10"]),
        ("{08..10}", ["08", "09", "10"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{0..9..4}", ["0", "4", "8"]),
        ("{a,b}/{1..2}", ["a/1", "a/2", "b/1", "b/2"]),
        ("{train-{0..1},val}.zip", ["train-0.zip", "train-1.zip", "val.zip"]),
        ("{a}.tar", ["{a}.tar"]),
        ("{}", ["{}"]),
        ("a.tar", ["a.tar"]),
    ],
)
def test_braces(text, names):
    assert list(braces(text)) == names
    assert has_braces(text) == (names != [text])
    shell = subprocess.run(["bash", "-c", f"echo {text}"], capture_output=True, text=True, check=True).stdout
    assert shell.split() == names


def test_too_many_names_are_refused(monkeypatch):
    monkeypatch.setattr(patterns, "MOST_NAMES", 100)
    assert len(list(braces("{1..10}{1..10}"))) == 100
    with pytest.raises(UsageError, match="more than 100 names"):
        list(braces("{1..11}{1..10}"))
    with pytest.raises(UsageError, match="more than 100 names"):
        list(braces("{0..999999999999999999}"))
