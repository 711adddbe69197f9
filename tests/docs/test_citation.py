"""CITATION.cff says of kerastl what the package says of itself."""

from __future__ import annotations

import yaml
from doc_blocks import ROOT

import kerastl

CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_it_has_what_the_format_asks_for():
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["message"]
    assert CITATION["title"] == "kerastl"
    assert all(author["name"] for author in CITATION["authors"])


def test_its_version_and_license_are_those_of_the_package():
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert CITATION["version"] == kerastl.__version__
    assert f'license = "{CITATION["license"]}"' in project
