"""A model keeps the white level of the images it was trained on."""

import numpy as np
import pytest
from PIL import Image

import kerastl
from kerastl.data import scan
from kerastl.data._augmentation import Augmentation, Flip
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import inspect_dataset, split_dataset
from kerastl.finetuning._training_data import training_data
from kerastl.images import Resize
from kerastl.models import _metadata as metadata
from kerastl.training._callback import RunCallback
from kerastl.training._feature_cache import store_key
from kerastl.training._interrupt import Stop

BRIGHTNESS = {"dim": 0.3, "lit": 1.0}
RAMP = np.tile(np.linspace(0, 1, 48), (40, 1))


@pytest.fixture(scope="module")
def twelve_bits(tmp_path_factory):
    """Ten dim and ten lit images, which brighten to the right; one of each class is a tenth as bright."""
    folder = tmp_path_factory.mktemp("twelve")
    random = np.random.default_rng(0)
    for name in BRIGHTNESS:
        (folder / name).mkdir()
        for number in range(10):
            noisy = np.clip(RAMP + random.normal(0, 0.02, RAMP.shape), 0, 1) * BRIGHTNESS[name]
            values = noisy * (409 if number == 3 else 4095)
            Image.fromarray(values.astype(np.uint16)).save(folder / name / f"{number}.png")
    return folder


class Heard(RunCallback):
    def __init__(self):
        self.said = []

    def say(self, text):
        self.said.append(text)


def test_training_sees_what_prediction_sees(twelve_bits):
    heard = Heard()
    dataset, settings = scan(twelve_bits), Settings(model="mobilenet_025")
    parts = split_dataset(dataset, inspect_dataset(dataset, settings, heard, Stop()), settings, heard)
    assert heard.said == ["16-bit images with 12 significant bits: white is taken as 4095"]
    data = training_data(parts, Resize(32, 32, "crop", 0.875), settings)
    assert data.reader.white_level == 4095
    plain, flipped = data.plain(data.train), data.augmented(Augmentation(flip=Flip()), (0,))
    for number, file in enumerate(data.train.files):
        white = 255 * BRIGHTNESS[file.parent.name] * (0.1 if file.name == "3.png" else 1)
        for images in (plain, flipped):
            # The brightest places lie at the edge, which the center crop cuts off.
            assert 0.75 * white < images[number].pixels().max() <= white + 1


def test_the_model_keeps_it(twelve_bits, tmp_path):
    run = tmp_path / "run"
    kerastl.finetune(twelve_bits, "mobilenet_025", "probe", output=run, input_size=32, weights=None)
    assert metadata.read_metadata(run / "model.keras").resize.white_level == 4095
    assert "- Numbers of more than 8 bits: 4095 is white." in (run / "README.md").read_text()
    classifier = kerastl.load(run, engine="keras")
    values = np.full((40, 48), 500, np.uint16)
    assert np.unique(classifier.pixels(values)).tolist() == [31]  # 500 / 4095 * 255
    assert np.unique(classifier.pixels(np.repeat(values[..., None], 3, 2))).tolist() == [31]
    assert np.unique(classifier.pixels(np.full((40, 48), 200, np.uint8))).tolist() == [200]


def test_cached_features_depend_on_it():
    from dataclasses import asdict

    keys = {store_key("w", asdict(Resize(8, 8, white_level=white)), {}, "float32") for white in (None, 4095, 65535)}
    assert len(keys) == 3


def test_a_card_without_it_is_read():
    labels = {"format": 1, "name": "old", "labels": ["a"], "wnids": None, "backbone": None, "extra": {}}
    old = metadata.Metadata.from_dict(
        {**labels, "resize": {"height": 8, "width": 8, "policy": "crop", "crop_fraction": 1.0}}
    )
    assert old.resize.white_level is None
    assert metadata.Metadata.from_dict(old.as_dict()) == old
