"""kerastl leaves a program that uses it as it was: warning filters, loggers, Pillow, the environment, the process."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

# What a program has that uses kerastl: the packages below it, imported by itself.
PROGRAM = """
import importlib, json, logging, os, pkgutil, signal, sys, warnings
import keras, numpy, scipy.optimize, sklearn.metrics, matplotlib.figure, tensorflow
import PIL.Image, PIL.ImageFile, PIL.TiffImagePlugin
keras.ops.zeros(1)
PIL.Image.init()

OURS = ("", "PIL", "absl", "h5py", "keras", "kerastl", "matplotlib", "py", "tensorflow")  # others are not ours to touch

def loggers():
    known = {"": logging.getLogger(), **logging.root.manager.loggerDict}
    return {
        name: [log.level, log.propagate, log.disabled, list(map(repr, log.handlers)), list(map(repr, log.filters))]
        for name, log in known.items()
        if isinstance(log, logging.Logger) and name.partition(".")[0] in OURS
        and (log.handlers or log.filters or log.level or log.disabled)
    }

def state():
    return {
        "warnings": list(map(repr, warnings.filters)),
        "environment": dict(os.environ),
        "loggers": loggers(),
        "last resort": repr(logging.lastResort),
        "block size": PIL.Image.core.get_block_size(),
        "blocks": PIL.Image.core.get_blocks_max(),
        "most pixels": PIL.Image.MAX_IMAGE_PIXELS,
        "truncated": PIL.ImageFile.LOAD_TRUNCATED_IMAGES,
        "openers": sorted(PIL.Image.OPEN),
        "signals": [repr(signal.getsignal(number)) for number in (signal.SIGINT, signal.SIGTERM)],
        "hooks": [repr(sys.excepthook), repr(sys.unraisablehook)],
        "folder": os.getcwd(),
        "precision": keras.config.dtype_policy().name,
        "layers": repr(keras.layers.Layer.add_weight),
    }

def compare(what):
    after = state()
    for name, value in before.items():
        now = after[name]
        if isinstance(value, dict):
            both = value.keys() | now.keys()
            value, now = ({key: one.get(key) for key in both if value.get(key) != now.get(key)} for one in (value, now))
        if value != now:
            print(json.dumps([what, name, value, now]), file=report)

report, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr
before = state()
print("BEGIN", file=sys.stderr, flush=True)
"""

IMPORTS = """
import kerastl
compare("importing kerastl")
for module in pkgutil.walk_packages(kerastl.__path__, "kerastl."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
compare("importing every module")
"""

CALLS = """
import kerastl
model, data, tiff = sys.argv[1:]
classifier = kerastl.load(model)
classifier.classify([tiff, data + "/../cut.tif", data + "/red/0.png", data + "/missing.jpg"], errors="return")
compare("load and classify")
kerastl.load(model, engine="keras").classify(tiff)
kerastl.evaluate(classifier, data, resamples=10)
compare("evaluate")
kerastl.finetune(data, model="kerastl_mini", recipe="full", epochs=1, output=data + "/../run", verbose=0)
compare("finetune")
"""


def changes(code, *arguments):
    """What a program of its own finds changed, and what it wrote."""
    command = [sys.executable, "-c", PROGRAM + code, *map(str, arguments)]
    # The program imports TensorFlow itself, and keeps it quiet itself.
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.partition("BEGIN\n")[2]


def test_importing_changes_nothing():
    assert changes(IMPORTS)[0] == []


@pytest.fixture
def data(tmp_path):
    random = np.random.default_rng(0)
    for number, name in enumerate(("red", "green", "blue")):
        (tmp_path / "data" / name).mkdir(parents=True)
        for index in range(8):
            pixels = random.integers(0, 120, (32, 32, 3), np.uint8)
            pixels[..., number] += 130
            Image.fromarray(pixels).save(tmp_path / "data" / name / f"{index}.png")
    return tmp_path / "data"


def test_calls_change_nothing_and_print_nothing(color_model, data, tmp_path):
    Image.new("RGB", (40, 40), "red").save(tmp_path / "cut.tif", compression="tiff_lzw")
    content = (tmp_path / "cut.tif").read_bytes()
    (tmp_path / "cut.tif").write_bytes(content[:-4])
    Image.new("RGB", (40, 40), "red").save(tmp_path / "a.tif", compression="tiff_lzw")
    found, written = changes(CALLS, color_model, data, tmp_path / "a.tif")
    assert found == []
    assert written == ""
