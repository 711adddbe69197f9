"""Every command and every example of the README is run as it stands there."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands():
    """The lines of all shell blocks but those that install; of a line that installs and goes on, what follows."""
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    return [line.removeprefix("pip install . && ") for line in lines if not line.startswith("pip install '")]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, keras_home):
    """A copy of what the commands read, so that what they write is not left behind."""
    folder = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "data", folder / "data")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The command `kerastl`, whether or not the package is installed."""
    folder = tmp_path_factory.mktemp("bin")
    script = folder / "kerastl"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m kerastl "$@"\n')
    script.chmod(0o755)
    cache = tmp_path_factory.mktemp("cache")  # its own: a command of the README clears it
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "KERASTL_CACHE": str(cache)}


def test_the_readme_has_its_two_commands():
    first, second = README.split("```bash\n")[1:3]
    assert first.startswith("pip install . && kerastl classify ")
    assert second.startswith("pip install '.[dev]' && pytest\n")


@pytest.mark.parametrize("command", commands())
def test_the_command_works(command, checkout, environment):
    done = subprocess.run(["bash", "-c", command], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_first_command_says_what_the_readme_says(checkout, environment):
    first = commands()[0]
    done = subprocess.run(["bash", "-c", first], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.stdout == blocks("text")[0]


@pytest.mark.parametrize(
    ("code", "ending"), list(zip(blocks("python"), ["balloons.jpg: balloon", "star_01.jpg: star"], strict=True))
)
def test_the_example_works(code, ending, checkout, environment):
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ending in done.stdout, done.stdout
