"""The notebooks run from top to bottom, offline and without weights, and are saved with their outputs."""

from __future__ import annotations

import runpy
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SCRIPT = runpy.run_path(str(ROOT / "scripts" / "run_notebooks.py"))

# An address where nothing answers: what tries to download fails at once.
NOWHERE = "http://127.0.0.1:9"
# What gives away the machine that a notebook ran on.
PLACES = ("/home/", "/root/", "/tmp/", "/Users/", "site-packages", "C:\\\\")  # noqa: S108


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs(notebook):
    return [output for cell in code(notebook) for output in cell.outputs]


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture
def offline(tmp_path):
    """Variables for a machine without a network and without weights."""
    proxies = {f"{scheme}_proxy": NOWHERE for scheme in ("http", "https")}
    return {
        **proxies,
        **{name.upper(): value for name, value in proxies.items()},
        "no_proxy": "",
        "NO_PROXY": "",
        "KERAS_HOME": str(tmp_path / "keras"),
        "KERASTL_CACHE": str(tmp_path / "cache"),
    }


def test_there_are_four():
    assert [path.name[:2] for path in NOTEBOOKS] == ["1_", "2_", "3_", "4_"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_offline_without_noise(path, offline):
    before = sorted(ROOT.rglob("*.png")) + sorted(ROOT.rglob("*.keras"))
    saved, ran = read(path), SCRIPT["executed"](path, **offline)
    assert [cell.source for cell in code(ran)] == [cell.source for cell in code(saved)]
    noise = [output for output in outputs(ran) if output.get("name") == "stderr" or output.output_type == "error"]
    assert not noise
    printed = "".join(output.text for output in outputs(ran) if output.output_type == "stream")
    assert "WARNING" not in printed
    assert ": False" not in printed  # what a notebook claims and then looks at
    assert sorted(ROOT.rglob("*.png")) + sorted(ROOT.rglob("*.keras")) == before


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_saved_with_its_outputs(path):
    notebook = read(path)
    assert path.stat().st_size < 1_000_000
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert not [output for output in outputs(notebook) if output.get("name") == "stderr"]
    assert all(output.output_type in ("stream", "execute_result", "display_data") for output in outputs(notebook))
    kinds = {kind for output in outputs(notebook) for kind in output.get("data", ())}
    assert {"image/png", "text/html"} <= kinds


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_says_nothing_of_the_machine(path):
    notebook = read(path)
    assert notebook == SCRIPT["stripped"](read(path))
    for output in outputs(notebook):
        texts = [
            output.get("text", ""),
            *(output.get("data", {}).get(kind, "") for kind in ("text/plain", "text/html")),
        ]
        assert not [place for place in (*PLACES, str(Path(__file__).resolve().parents[1])) if place in "".join(texts)]


def test_cells_are_thin():
    for path in NOTEBOOKS:
        for cell in code(read(path)):
            assert len(cell.source.splitlines()) <= 25, f"{path.name}, {cell.id}"
