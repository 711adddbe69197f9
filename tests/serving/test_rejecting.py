"""Answers to images that are unlike what a model was trained on."""

import shutil

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.serving._compiling import prepare_features


@pytest.fixture(scope="module")
def run(color_model, tmp_path_factory):
    """A copy of the model of colors that was calibrated with reds and blues, bright and dark."""
    from kerastl.evaluation import calibrate

    folder, images = (tmp_path_factory.mktemp(name) for name in ("calibrated", "images"))
    run = shutil.copytree(color_model, folder / "run")
    for part, rest in (("train", (0,)), ("val", range(0, 60, 4))):
        for label, channel in (("red", 0), ("blue", 2)):
            (images / part / label).mkdir(parents=True)
            for value in rest:
                pixels = np.full((32, 32, 3), (0, value, 0), np.uint8)
                pixels[..., channel] = 255
                Image.fromarray(pixels).save(images / part / label / f"{value}.png")
    calibrate(run, images)
    return run


def test_what_rejects_is_compiled_before_it_serves_and_its_state_is_read_once(
    run, serving, red_png, image, monkeypatch, client
):
    from kerastl.calibration import _state

    prepare_features(kerastl.load(run))
    reads, read = [], _state.read
    monkeypatch.setattr(_state, "read", lambda file: reads.append(file) or read(file))

    def compiles(*arguments):
        raise AssertionError("networks are compiled by another process, since this one never imports TensorFlow")

    monkeypatch.setattr("kerastl.inference._open._compile", compiles)
    green = image("green.png", (0, 255, 0)).read_bytes()
    with serving(models=(("run", str(run)),)) as given:
        assert [model["rejects"] for model in given.get("/v1/models").json()["models"]] == [True]
        answers = [given.post("/v1/classify?reject=true", files={"image": each}) for each in (red_png, green)]
    assert [answer.json()["results"][0]["rejected"] for answer in answers] == [False, True]
    assert len(reads) <= 1
    assert [model["rejects"] for model in client.get("/v1/models").json()["models"]] == [False]
