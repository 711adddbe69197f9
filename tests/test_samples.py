"""The sample images are what the script in the repository draws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import kerastl

ROOT = Path(__file__).parent.parent
SINGLES = {
    "balloons.jpg": "balloon",
    "candle.jpg": "candle",
    "jack_o_lantern.png": "jack-o'-lantern",
    "soccer_ball.jpg": "soccer ball",
    "traffic_light.png": "traffic light",
    "umbrella.png": "umbrella",
}


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.[jp][pn]g"))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run([sys.executable, ROOT / "scripts" / "draw_samples.py", folder], check=True)
    return folder


def test_the_script_draws_what_is_kept(drawn):
    assert names(drawn) == names(ROOT / "data")
    for name in names(drawn):
        with Image.open(drawn / name) as new, Image.open(ROOT / "data" / name) as kept:
            assert new.size == kept.size
            # Other versions of Pillow and its codecs round differently; another image differs by far more.
            assert np.abs(np.asarray(new, int) - np.asarray(kept, int)).mean() < 2, name


def test_shapes_are_a_labeled_folder():
    folder = ROOT / "data" / "shapes"
    counts = {path.name: len(list(path.iterdir())) for path in folder.iterdir()}
    assert counts == {"circle": 22, "square": 22, "star": 22, "triangle": 22}


def test_samples_are_small():
    assert sum(path.stat().st_size for path in (ROOT / "data").rglob("*") if path.is_file()) < 600_000


def test_mobilenet_v2_knows_what_the_single_images_show(keras_home):
    results = kerastl.load("mobilenet_v2").classify([ROOT / "data" / name for name in SINGLES], top=1)
    # ImageNet's names come with underscores, or with spaces where they are shown.
    assert [r.predictions[0].label.replace("_", " ") for r in results] == list(SINGLES.values())
