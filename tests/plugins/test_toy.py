"""A package of somebody else's, installed as pip installs it, adds one of each; all from the command line."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

TOY = Path(__file__).parent / "kerastl_toy"

# Several commands in one process, since importing Keras takes longer than any of them.
COMMANDS = """
import contextlib, io, json, sys
from kerastl.cli import run
found = []
for command in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(command)
    found.append([code, out.getvalue(), err.getvalue()])
print(json.dumps(found), file=sys.__stdout__)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The folder that holds the installed package."""
    pytest.importorskip("setuptools")
    source, target = tmp_path_factory.mktemp("source") / "toy", tmp_path_factory.mktemp("installed")
    shutil.copytree(TOY, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*command, "--disable-pip-version-check", "--target", target, source], check=True)
    return target


@pytest.fixture(scope="module")
def commands(installed):
    """Run commands where the package is installed; exit code, standard output and standard error of each."""
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])

    def call(*wanted):
        words = json.dumps([[str(word) for word in command] for command in wanted])
        done = subprocess.run(
            [sys.executable, "-c", COMMANDS], input=words, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip
        return json.loads(done.stdout.splitlines()[-1])

    return call


@pytest.fixture(scope="module")
def dark_and_bright(tmp_path_factory):
    """Images whose labels only the toy's layout can read."""
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    named = {"dark": [], "bright": []}
    for number in range(20):
        label, level = (("dark", 20), ("bright", 200))[number % 2]
        named[label].append(f"{number:02}.png")
        pixels = random.integers(level, level + 50, (16, 16, 3)).astype(np.uint8)
        Image.fromarray(pixels).save(folder / named[label][-1])
    lines = [f"{label}: {', '.join(names)}" for label, names in named.items()]
    (folder / "labels.toy").write_text("\n".join(lines))
    return folder


def test_what_a_package_adds_is_listed(commands):
    models, as_json, recipes, recipe, formats = commands(
        ["models"],
        ["models", "--format", "json"],
        ["recipes"],
        ["recipes", "toy-recipe", "--backbone", "toy", "--format", "json"],
        ["export", "--list"],
    )
    assert models[0] == 0
    assert "\n toy " in models[1]
    assert models[2] == (
        "kerastl: the model 'toy-broken' of kerastl-toy cannot be loaded "
        "(ModuleNotFoundError: No module named 'kerastl_toy.nowhere')\n"
    )
    row = next(row for row in json.loads(as_json[1]) if row["name"] == "toy")
    assert (row["input_size"], row["stages"], row["classes"], row["parameters"]) == (
        16,
        ["head", "top", "stem"],
        2,
        None,
    )
    assert "toy-recipe  everything at once, for one epoch\n" in recipes[1]
    assert json.loads(recipe[1])["phases"][0]["trains"] == "all"
    assert formats[1].endswith("toy-hex        model.hex: typewriters\n")


def test_the_shell_completes_what_a_package_adds(installed):
    path = os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])
    for words, place in (("kerastl explain x --method toy", 4), ("kerastl classify --engine toy", 3)):
        variables = {"_KERASTL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)}
        done = subprocess.run(
            [sys.executable, "-m", "kerastl"], capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": path, **variables},
        )  # fmt: skip
        assert done.stdout in ("plain,toy-red\n", "plain,toy-engine\n")


def test_all_of_it_works_together(commands, dark_and_bright, tmp_path):
    run, photo, maps = tmp_path / "run", dark_and_bright / "00.png", tmp_path / "maps"
    tuned, sure, explained, pretrained, untrained, missing, exported = commands(
        ["finetune", dark_and_bright, "--model", "toy", "--weights", "none", "--recipe", "toy-recipe", "-o", run,
         "--split-strategy", "toy-last", "--validation-split", "0.6"],
        ["classify", photo, "--model", run, "--engine", "toy-engine", "--format", "json"],
        ["explain", photo, "--model", run, "--method", "toy-red", "-o", maps, "--bare"],
        ["pretrain", dark_and_bright, "--model", "toy", "--method", "toy-distance", "--epochs", "1",
         "--batch-size", "8", "--width", "4", "-o", tmp_path / "pretrained"],
        ["classify", photo, "--model", "toy"],
        ["classify", photo, "--model", "toy-broken"],
        ["export", run, "--to", "toy-hex,litert"],
    )  # fmt: skip
    assert tuned[0] == 0, tuned[2]
    assert json.loads((run / "kerastl.json").read_text())["backbone"] == "toy"
    assert json.loads((run / "metrics.json").read_text())["recipe"] == "toy-recipe"
    with (run / "split.csv").open(newline="") as stream:
        parts = {row["path"]: row["split"] for row in csv.DictReader(stream)}
    assert [parts[f"{number:02}.png"] for number in (0, 7, 8, 19)] == ["train", "train", "val", "val"]
    assert sure[0] == 0, sure[2]
    assert {prediction["label"] for prediction in json.loads(sure[1])[0]["predictions"]} == {"dark", "bright"}
    assert explained[0] == 0, explained[2]
    assert [file.suffix for file in maps.iterdir()] == [".png"]
    assert pretrained[0] == 0, pretrained[2]
    assert json.loads((tmp_path / "pretrained" / "pretraining.json").read_text())["paper"] == "nobody's"
    assert untrained[0] == 1
    assert untrained[2].startswith("kerastl: toy has no published weights with a head; give a file")
    assert missing[0] == 1
    assert missing[2].startswith("kerastl: the model 'toy-broken' of kerastl-toy cannot be loaded")
    assert exported[0] == 0, exported[2]
    assert bytes.fromhex((run / "export" / "model.hex").read_text())[4:8] == b"TFL3"
