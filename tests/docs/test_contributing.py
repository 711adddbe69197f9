"""CONTRIBUTING.md tells the layers that the tests hold the code to."""

from __future__ import annotations

import ast
import re

from doc_blocks import ROOT, blocks

PACKAGE = ROOT / "kerastl"


def layers():
    """The layers of `tests/test_imports.py` from the top down, without what stands alone beside the packages."""
    tree = ast.parse((ROOT / "tests" / "test_imports.py").read_text(encoding="utf-8"))
    named = {node.targets[0].id: node.value for node in tree.body if isinstance(node, ast.Assign)}
    beside = {"_classifier", "errors"}
    layers = [
        {name for name in layer if name in beside or (PACKAGE / name / "__init__.py").is_file()}
        for layer in ast.literal_eval(named["LAYERS"])
    ]
    return [layer for layer in reversed(layers) if layer]


def test_the_layers_are_those_that_the_tests_hold():
    (block,) = (text for text in blocks(ROOT / "CONTRIBUTING.md", "text") if text.startswith("cli "))
    told = [set(re.match(r"\w+(?:, \w+)*", line)[0].split(", ")) for line in block.splitlines()]
    assert told == layers()
