"""Augmentation as options."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from kerastl.data._augmentation import Augmentation, Color, Crop, CutMix, Flip, MixUp, RandAugment, Rotate
from kerastl.errors import RecipeError

EVERYTHING = Augmentation(
    Crop(0.5, 1.2),
    Flip(0.5, 0.25),
    Rotate(15),
    Color(0.1, 0.2, 0.3, 0.05, 0.8),
    RandAugment(3, 5),
    MixUp(0.4, 0.5),
    CutMix(1.0, 0.25),
)


def test_json_both_ways() -> None:
    values = json.loads(json.dumps(EVERYTHING.as_dict()))
    assert values["color"] == {"brightness": 0.1, "contrast": 0.2, "saturation": 0.3, "hue": 0.05, "probability": 0.8}
    assert Augmentation.from_dict(values) == EVERYTHING
    assert Augmentation().as_dict() == {}
    assert Augmentation.from_dict({}) == Augmentation()
    assert Augmentation.from_dict({"flip": {}, "crop": None}) == Augmentation(flip=Flip(0.5, 0.0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"blur": {}}, r"no such augmentation: 'blur'. There are crop, flip, rotate, color"),
        ({"flip": {"sideways": 1}}, r"augmentation flip has no 'sideways'. It has horizontal, vertical"),
        ({"flip": 0.5}, r"augmentation flip must be an object with horizontal, vertical. Received: 0.5"),
        ({"flip": {"horizontal": 1.5}}, r"Flip.horizontal must be a number between 0 and 1. Received: horizontal=1.5"),
        ({"crop": {"least_area": 0}}, r"Crop.least_area must be a number above 0 and at most 1"),
        ({"rotate": {"degrees": "ten"}}, r"Rotate.degrees must be a number between 0 and 180"),
        ({"color": {"hue": True}}, r"Color.hue must be a number between 0 and 0.5"),
        ({"rand_augment": {"operations": 1.5}}, r"RandAugment.operations must be a whole number"),
        ({"mixup": {}, "cutmix": {}}, r"probabilities must not exceed 1 together. Received: 1.0 and 0.5"),
        ([], "an augmentation must be an object of options"),
    ],
)
def test_what_is_refused(values: Any, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        Augmentation.from_dict(values)


def test_an_option_in_the_wrong_place_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"Augmentation\.crop must be Crop or None"):
        Augmentation(crop=Flip())  # type: ignore[arg-type]


def test_options_load_without_anything_heavy() -> None:
    code = (
        "import sys, kerastl.data._augmentation\n"
        "print([name for name in ('numpy', 'PIL', 'tensorflow', 'keras', 'rich') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
