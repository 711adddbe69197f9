"""One look at each file, in this process and in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from PIL import Image

from kerastl.data import _file_inspection as file_inspection


@pytest.fixture
def files(tmp_path):
    names = ["a.png", "b c.png", "broken.jpg", os.fsdecode(b"n\xe9.png"), "missing.png"]
    for number, name in enumerate(names[:2] + names[3:4]):
        Image.new("RGB", (20 + number, 10), (number * 50, 80, 160)).save(tmp_path / name)
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    return [str(tmp_path / name) for name in names]


def test_a_look_says_what_the_file_is(files):
    facts = file_inspection.inspect_file(files[0])
    assert (facts.format, facts.mode, facts.width, facts.height, facts.problem) == ("PNG", "RGB", 20, 10, "")
    assert facts.thumbnail == bytes((0, 80, 160)) * 256
    assert file_inspection.inspect_file(files[2]).problem
    assert file_inspection.inspect_file(files[4]).problem


def test_a_process_of_its_own_finds_the_same(files, monkeypatch):
    here = list(file_inspection.inspect_files(files, 2))
    monkeypatch.setattr(file_inspection, "inspect_files", None)  # so that nothing can be done in this process
    assert list(file_inspection.inspect_files_elsewhere(files, 2)) == here


def test_what_the_process_leaves_undone_is_done_here(files, monkeypatch):
    expected = [file_inspection.inspect_file(file) for file in files]
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    assert list(file_inspection.inspect_files_elsewhere(files, 1)) == expected
    monkeypatch.setattr(sys, "executable", "")
    assert list(file_inspection.inspect_files_elsewhere(files, 1)) == expected
    monkeypatch.undo()
    real = file_inspection._from_child

    def dies(names, workers):
        children = real(names, workers)
        yield next(children)
        children.close()

    monkeypatch.setattr(file_inspection, "_from_child", dies)
    assert list(file_inspection.inspect_files_elsewhere(files, 1)) == expected


def test_leaving_early_ends_the_process(files, monkeypatch):
    started = []

    class Child(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            started.append(self)

    monkeypatch.setattr(subprocess, "Popen", Child)
    thumbnails = file_inspection.inspect_files_elsewhere(files * 200, 1)
    next(thumbnails)
    thumbnails.close()
    assert len(started) == 1
    assert started[0].returncode is not None
