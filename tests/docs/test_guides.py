"""Every command and every example of the pages in `docs/` is run as it stands there, in its order.

What the README has its readers do as well is run by `tests/test_readme.py` alone.
"""

from __future__ import annotations

import logging
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import replace

import pytest
from doc_blocks import NEEDS_NPM, NEEDS_WEIGHTS, PAGES, ROOT, blocks, mobilenet_v2_is_here, steps

import kerastl
from kerastl.cli import run as kerastl_command

# What a shell would do more with than to part words.
SHELL = re.compile(r"[|<>&;$]")
# What holds for the whole process, and so is run in one of its own.
FOR_GOOD = re.compile(r"register|import ray|--ray")
# Pages go on from what the README and the quick start make.
GIVEN = "runs/shapes"
MAKES_IT = f"kerastl finetune data/shapes --output {GIVEN}"
# The first page shows what the quick start runs.
INDEX, QUICK_START = (ROOT / "docs" / f"{name}.md" for name in ("index", "quick-start"))
STEPS = [step for page in PAGES if page != INDEX for step in steps(page) if step.code != MAKES_IT]


@pytest.fixture(scope="module")
def shapes_run(tmp_path_factory):
    """The run of the README, with a small network and a head alone."""
    folder = tmp_path_factory.mktemp("given") / "shapes"
    kerastl.finetune(ROOT / "data" / "shapes", model="kerastl_mini", recipe="probe", output=folder, verbose=0)
    return folder


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory, shapes_run):
    """For each page a copy of what its commands read, so that what they write is not left behind."""
    folders = {}

    def folder_of(page):
        if page not in folders:
            folders[page] = tmp_path_factory.mktemp(page.stem)
            shutil.copytree(ROOT / "data", folders[page] / "data")
            shutil.copytree(shapes_run, folders[page] / GIVEN)
        return folders[page]

    return folder_of


@pytest.fixture(scope="module")
def weights():
    """Whether KERAS_HOME holds MobileNetV2; where it does not, nothing is downloaded either."""
    return mobilenet_v2_is_here()


@pytest.fixture
def place(folder_of, weights, monkeypatch, tmp_path_factory):
    """Where and how the steps of a page run; each is undone in the end."""
    log = logging.getLogger("kerastl")
    kept = log.handlers[:], log.level, log.propagate

    def place(page):
        monkeypatch.chdir(folder_of(page))
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        cleared = page.stem == "offline"
        monkeypatch.setenv("KERASTL_CACHE", str(folder_of(page if cleared else PAGES[0]) / "cache"))
        if not weights:
            monkeypatch.setenv("KERAS_HOME", str(folder_of(PAGES[0]) / "keras"))
            for name in ("https_proxy", "HTTPS_PROXY"):
                monkeypatch.setenv(name, "http://127.0.0.1:9")
            for name in ("no_proxy", "NO_PROXY"):
                monkeypatch.setenv(name, "")

    yield place
    log.handlers[:], log.level, log.propagate = kept


def run_apart(program):
    """Run a program in a process of its own; what it prints."""
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def shell(line, tmp_path, monkeypatch):
    """Run a line as a shell does, with the command `kerastl` whether or not the package is installed."""
    script = tmp_path / "kerastl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kerastl "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    return run_apart(["bash", "-o", "pipefail", "-c", line])


@pytest.fixture(scope="module")
def servers():
    """Servers that pages have started, by page: each runs until all steps are done."""
    started = {}
    yield started
    for process in started.values():
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


PORT = 8000


@pytest.fixture
def serving(servers, monkeypatch):
    """Start the server of a page, at a port that is free here, and have the page's other steps ask there."""

    def serving(step):
        code = step.code
        if step.page not in servers and code.startswith("kerastl serve"):
            with socket.create_server(("127.0.0.1", 0)) as sock:
                port = sock.getsockname()[1]
            command = [sys.executable, "-m", *shlex.split(code), "--port", str(port)]
            servers[step.page] = subprocess.Popen(command)
            servers[step.page].port = port
            wait_for(f"http://127.0.0.1:{port}/v2/health/ready", servers[step.page])
            return ""
        return (
            code.replace(f"127.0.0.1:{PORT}", f"127.0.0.1:{servers[step.page].port}") if step.page in servers else code
        )

    return serving


def wait_for(url, process):
    while True:
        assert process.poll() is None
        try:
            urllib.request.urlopen(url).close()  # noqa: S310 - the address is made here
            return
        except OSError:
            time.sleep(0.1)


def execute(step, tmp_path, monkeypatch):
    if step.language == "python" and FOR_GOOD.search(step.code):
        run_apart([sys.executable, "-c", step.code])
    elif step.language == "python":
        exec(compile(step.code, f"{step.page.name}:{step.line}", "exec"), {"__name__": "__main__"})  # noqa: S102
    elif step.code.startswith("kerastl ") and not (SHELL.search(step.code) or FOR_GOOD.search(step.code)):
        assert kerastl_command(shlex.split(step.code)[1:]) == 0
    else:
        print(shell(step.code, tmp_path, monkeypatch), end="")  # noqa: T201 - as if the shell had printed it


@pytest.mark.parametrize("step", [step for step in STEPS if not step.why_not], ids=str)
def test_it_works(step, place, serving, weights, tmp_path, monkeypatch):
    if NEEDS_WEIGHTS.match(step.code) and not weights:
        pytest.skip("KERAS_HOME names no Keras cache with MobileNetV2's weights")
    if NEEDS_NPM.match(step.code) and shutil.which("npm") is None:
        pytest.skip("npm, which fetches what runs the page, is not installed")
    place(step.page)
    execute(replace(step, code=serving(step)), tmp_path, monkeypatch)


def test_the_quick_start_says_what_comes_out(place, weights, tmp_path, monkeypatch, capfd):
    place(QUICK_START)
    execute(next(step for step in steps(QUICK_START) if step.code.startswith("kerastl ")), tmp_path, monkeypatch)
    printed, said = capfd.readouterr().out, blocks(QUICK_START, "text")[0]
    if not weights:  # kerastl_mini answers of the same images, in the same form
        printed, said = ([line.split(":")[0] for line in text.splitlines()] for text in (printed, said))
    assert printed == said


def test_the_readme_makes_what_the_pages_go_on_from():
    assert MAKES_IT in [step.code for step in steps(ROOT / "README.md")]
    assert MAKES_IT in [step.code for step in steps(QUICK_START)]


def test_the_first_page_shows_what_the_quick_start_runs():
    assert {step.code for step in steps(INDEX)} <= {step.code for step in steps(QUICK_START)}


def test_all_pages_are_in_the_navigation():
    listed = re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text())
    written = {page.relative_to(ROOT / "docs").as_posix() for page in PAGES}
    assert written <= set(listed)
