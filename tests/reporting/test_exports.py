"""The section of exports: what stands beside a model in its run folder."""

import json
import shutil

import pytest

import kerastl
from kerastl.reporting import render
from kerastl.reporting._exports import exports


@pytest.fixture
def run_folder(color_model, tmp_path):
    folder = shutil.copytree(color_model, tmp_path / "run", ignore=shutil.ignore_patterns("export"))
    kerastl.export(folder, "litert")
    return folder


def test_nothing_exported_shows_nothing(color_model, tmp_path):
    folder = shutil.copytree(color_model, tmp_path / "run", ignore=shutil.ignore_patterns("export"))
    assert exports(kerastl.load(folder)) is None


def test_the_section_shows_what_was_compared(run_folder, evaluation, page):
    evaluated = evaluation([[0.9, 0.1, 0.0]], [0], classifier=kerastl.load(run_folder))
    shown = page(render(evaluated, mistakes=0, check=False))
    assert "exports" in shown.sections
    assert "24 images (the built-in images)" in shown.text
    assert "litert" in shown.text
    assert "100.0 %" in shown.text.replace("\xa0", " ")
    # 24 / (24 + 1.96 ** 2)
    assert "95 % sure: 86.2 % to 100.0 %." in shown.text.replace("\xa0", " ")
    assert "has changed since then" not in shown.text


def test_another_model_in_the_folder_is_said(run_folder, evaluation, page, color_model):
    file = run_folder / "export" / "proof.json"
    values = json.loads(file.read_text())
    file.write_text(json.dumps({**values, "sha256": "0" * 64}))
    evaluated = evaluation([[0.9, 0.1, 0.0]], [0], classifier=kerastl.load(run_folder))
    assert "has changed since then" in page(render(evaluated, mistakes=0, check=False)).text


def test_what_people_wrote_into_the_file_means_nothing(run_folder, evaluation, page):
    file = run_folder / "export" / "proof.json"
    values = json.loads(file.read_text())
    refused = {**values["formats"][0], "format": "<b>x", "reason": "<script>alert(1)</script>"}
    file.write_text(json.dumps({**values, "data": "<img src=x>", "notes": ["<i>n"], "refused": [refused]}))
    evaluated = evaluation([[0.9, 0.1, 0.0]], [0], classifier=kerastl.load(run_folder))
    shown = page(render(evaluated, mistakes=0, check=False))
    assert not shown.all("script")
    assert not shown.all("img")
    assert "<b>x was refused: <script>alert(1)</script>." in shown.text


@pytest.mark.parametrize("text", ["", "[]", '{"schema": "kerastl-proof-1"}', "{" * 100_000])
def test_a_file_that_is_none_costs_nothing(run_folder, text):
    (run_folder / "export" / "proof.json").write_text(text)
    assert exports(kerastl.load(run_folder)) is None
