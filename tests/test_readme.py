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


# They name a network that must be downloaded.
NEEDS_WEIGHTS = re.compile(r"^kerastl (download|classify .*--model) mobilenet_v2$")


@pytest.fixture(scope="module")
def weights():
    """Whether KERAS_HOME holds MobileNetV2, with and without its head."""
    home = Path(os.environ.get("KERAS_HOME") or "nowhere", "models")
    return all(
        (home / f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224{top}.h5").is_file() for top in ("", "_no_top")
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
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
    cache = tmp_path_factory.mktemp("cache")  # its own: a command of the README clears it
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    values = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "KERASTL_CACHE": str(cache)}
    if not weights:
        nowhere = "http://127.0.0.1:9"
        values |= {"KERAS_HOME": str(tmp_path_factory.mktemp("keras")), "https_proxy": nowhere, "no_proxy": ""}
    return values


def test_the_readme_has_its_two_commands():
    first, second = README.split("```bash\n")[1:3]
    assert first.startswith("pip install . && kerastl classify ")
    assert second.startswith("pip install '.[dev]' && pytest -n 2\n")


@pytest.mark.parametrize("command", commands())
def test_the_command_works(command, checkout, environment, weights):
    if NEEDS_WEIGHTS.match(command) and not weights:
        pytest.skip("KERAS_HOME names no Keras cache with MobileNetV2's weights")
    done = subprocess.run(["bash", "-c", command], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_first_command_says_what_the_readme_says(checkout, environment, weights):
    first = commands()[0]
    done = subprocess.run(["bash", "-c", first], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if weights:
        assert done.stdout == blocks("text")[0]
    else:  # the box answers of the same pictures, in the same form
        named = [line.split(":")[0] for line in blocks("text")[0].splitlines()]
        assert [line.split(":")[0] for line in done.stdout.splitlines()] == named
        assert "kerastl_mini answers" in done.stderr


@pytest.mark.parametrize(
    ("code", "ending"), list(zip(blocks("python"), ["balloons.jpg: balloon", "star_01.jpg: star"], strict=True))
)
def test_the_example_works(code, ending, checkout, environment, weights):
    done = subprocess.run([sys.executable, "-c", code], cwd=checkout, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # What the box says of these pictures is not promised.
    assert (ending if weights else ending.split(": ")[0]) in done.stdout, done.stdout
