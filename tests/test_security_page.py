"""`docs/concepts/security.md` tells the limits that the code has, and names tests that are there."""

import importlib
import re
from pathlib import Path

import pytest

from kerastl.images import _structure as structure

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "concepts" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| ([^|]+) \| ([\d,]+)(?: (\w+))? \| `([\w.]+)\.(\w+)(?:\[([\w.]+)\])?` \|$", PAGE, re.MULTILINE)
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20}


def test_all_rows_are_understood():
    assert len(ROWS) == PAGE.count("| `kerastl.") > 20


@pytest.mark.parametrize(("what", "number", "unit", "module", "name", "key"), ROWS, ids=[row[0] for row in ROWS])
def test_a_limit_is_that_of_the_code(what, number, unit, module, name, key):
    found = getattr(importlib.import_module(module), name)
    assert (found[key] if key else found) == int(number.replace(",", "")) * UNITS.get(unit, 1)


def test_the_pieces_of_images_are_those_of_the_code():
    plain = " ".join(PAGE.split())
    for kind in structure._FORMATS:
        assert f"{kind.most:,} {kind.what}" in plain


def test_the_tests_that_it_names_are_there():
    named = re.findall(r"`((?:tests/)?[\w/]*test_\w+\.py|tests/\w+/)`", PAGE)
    assert len(named) > 15
    for name in named:
        assert (ROOT / name).exists() or (ROOT / "tests" / "security" / name).exists(), name
