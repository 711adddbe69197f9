"""Every command and every example of the README is run as it stands there, in its order; links and names lead to files.

`tests/docs/test_guides.py` does the same for the pages of the documentation.
"""

import os
import re
import shutil
import subprocess
import sys
from functools import cache

import docs_hook
import pytest
from doc_blocks import PAGES, ROOT, blocks, mobilenet_v2_is_here, prose_of, steps, text_of

README = ROOT / "README.md"
# All that people read here; a link between them leads to a file.
TEXTS = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "build" for part in path.relative_to(ROOT).parts)
)
GENERATED = {ROOT / "docs" / address for address, _ in docs_hook.written()}

INSTALL = "pip install . && "
# What the README's example in Python prints at its end.
ENDING = "star_01.jpg: star"


@pytest.fixture(scope="module")
def weights():
    """Whether KERAS_HOME holds MobileNetV2, with and without its head."""
    return mobilenet_v2_is_here()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of what the commands read, so that what they write is not left behind."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "data", folder / "data")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory, weights):
    """The command `kerastl`, whether or not the package is installed; without weights, without a network too."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "kerastl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kerastl "$@"\n')
    script.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    values = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    if not weights:
        nowhere = "http://127.0.0.1:9"
        values |= {"KERAS_HOME": str(tmp_path_factory.mktemp("keras")), "https_proxy": nowhere, "no_proxy": ""}
    return values


@pytest.fixture(scope="module")
def run(folder, environment):
    """Run a step in a process of its own, as a reader does, once."""

    @cache
    def run(step):
        program = ["bash", "-c"] if step.language == "bash" else [sys.executable, "-c"]
        code = step.code.removeprefix(INSTALL)
        done = subprocess.run([*program, code], cwd=folder, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done

    return run


STEPS = [step for step in steps(README) if not step.why_not or step.code.startswith(INSTALL)]


def test_the_readme_has_its_two_commands():
    bash = blocks(README, "bash")
    assert bash[0].splitlines()[:2] == [
        "git clone REPOSITORY kerastl && cd kerastl",
        "python -m venv .venv && . .venv/bin/activate",
    ]
    assert bash[0].splitlines()[2].startswith("pip install . && kerastl classify ")
    assert bash[-1] == "pip install '.[dev]' && pytest -n 2\n"


def test_the_readme_is_short():
    assert len(text_of(README).splitlines()) < 130


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_it_works(step, run, weights):
    done = run(step)
    assert "Traceback" not in done.stderr
    if step.language == "python":  # what kerastl_mini says of an image is not promised
        assert (ENDING if weights else ENDING.split(": ")[0]) in done.stdout, done.stdout


def test_the_first_command_says_what_the_readme_says(run, weights):
    done, said = run(STEPS[0]), blocks(README, "text")[0]
    if weights:
        assert done.stdout == said
    else:  # kerastl_mini answers of the same images, in the same form
        assert [line.split(":")[0] for line in done.stdout.splitlines()] == [
            line.split(":")[0] for line in said.splitlines()
        ]
        assert "kerastl_mini answers" in done.stderr


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"", prose_of(page))
    local = [link.split("#")[0] for link in map("".join, links) if not re.match(r"[a-z]+:|#", link)]
    targets = [(page.parent / link).resolve() for link in local]
    assert not [target for target in targets if not target.exists() and target not in GENERATED]


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_lines_of_prose_are_short(page):
    lines = prose_of(page).splitlines()
    assert not [line for line in lines if len(line) > 120 and not line.startswith(("|", "<", "!"))]


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_of_the_project_that_are_named_exist(page):
    named = re.findall(r"`((?:tests|scripts|benchmarks|docs|notebooks|kerastl|data)/[\w./-]*)`", text_of(page))
    assert not [name for name in named if not (ROOT / name).exists()]
