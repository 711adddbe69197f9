"""The examples in the docstrings of public names run as they stand, offline and with bundled weights alone."""

import doctest
import importlib
import inspect
import shutil
from pathlib import Path

import pytest

import kerastl
from kerastl._base.registry import Registry

ROOT = Path(__file__).parent.parent
PUBLIC = ("kerastl", *(f"kerastl.{name}" for name in kerastl._PACKAGES))
# What a call gives is shown where that is documented.
RESULTS = {
    "kerastl.evaluation.Calibration": "kerastl.calibrate",
    "kerastl.exporting.ExportResult": "kerastl.export",
    "kerastl.exporting.Proof": "kerastl.export",
    "kerastl.exporting.ProofRow": "kerastl.export",
    "kerastl.finetuning.FineTuned": "kerastl.finetune",
    "kerastl.pretraining.PreTrained": "kerastl.pretrain",
}
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public_objects():
    """Every public function and class, by the first of its public names."""
    found = {}
    for module in PUBLIC:
        for name in importlib.import_module(module).__all__:
            value = getattr(importlib.import_module(module), name)
            if callable(value) and getattr(value, "__module__", "").startswith("kerastl"):
                found.setdefault(id(value), (f"{module}.{name}", value))
    return dict(found.values())


def is_exception(value):
    return inspect.isclass(value) and issubclass(value, Exception)


OBJECTS = public_objects()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working folder with the sample images, on a machine without a network and without weights."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    # What examples add is gone when they are over.
    for module in map(importlib.import_module, PUBLIC):
        for value in (getattr(module, name) for name in module.__all__):
            if isinstance(value, Registry):
                monkeypatch.setattr(value, "_entries", dict(value._entries))
    return tmp_path


@pytest.mark.parametrize("name", OBJECTS)
def test_the_example_runs(name, folder):
    value = inspect.unwrap(OBJECTS[name])
    tests = doctest.DocTestFinder().find(value, name, globs={})
    said = []
    for test in tests:
        doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append)
    assert not said, "".join(said)


@pytest.mark.parametrize("name", [name for name, value in OBJECTS.items() if not is_exception(value)])
def test_there_is_an_example(name):
    text = inspect.getdoc(OBJECTS[name]) or ""
    if name in RESULTS:
        assert f"`{RESULTS[name]}`" in text
    else:
        assert ">>> " in text


@pytest.mark.parametrize("name", OBJECTS)
def test_no_example_is_left_out(name):
    assert "```" not in (inspect.getdoc(OBJECTS[name]) or "")


def test_results_are_public():
    assert {*RESULTS, *RESULTS.values()} <= {*OBJECTS}
