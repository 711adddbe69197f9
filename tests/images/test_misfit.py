"""Images of another bit depth than those that a model was trained on are told of, once."""

from __future__ import annotations

import io
import logging

import numpy as np
import pytest
from PIL import Image
from test_depth import COLORS, GRAYS, color_png, in_bits

from kerastl.images import Resize, load_pixels
from kerastl.images import _misfit as misfit


@pytest.fixture(autouse=True)
def said(monkeypatch, caplog):
    """What has been said since the test began."""
    monkeypatch.setattr(misfit, "_said", set())
    monkeypatch.setattr(logging.getLogger("kerastl"), "propagate", True)
    return lambda: [record.getMessage() for record in caplog.records]


def gray_png(values):
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def read(source, white):
    load_pixels(source, Resize(6, 10, "squash", white_level=white))


@pytest.mark.parametrize(
    "made",
    [
        lambda bits: gray_png(in_bits(GRAYS, bits)), lambda bits: color_png(in_bits(COLORS, bits)),
        lambda bits: in_bits(GRAYS, bits), lambda bits: Image.fromarray(in_bits(GRAYS, bits)),
    ],
    ids=["gray", "color", "array", "PIL"],
)  # fmt: skip
@pytest.mark.parametrize(
    ("bits", "white", "how"),
    [(16, 4095, misfit.BRIGHTER), (12, 65535, misfit.DARKER), (8, 4095, misfit.DARKER), (12, 4095, ""),
     (11, 4095, ""), (13, 65535, ""), (16, 65535, "")],
)  # fmt: skip
def test_another_depth_is_said_once(said, made, bits, white, how):
    for _ in range(2):
        read(made(bits), white)
    messages = said()
    assert len(messages) == bool(how)
    assert all(f": {how} for a model to which {white} is white" in message for message in messages)


def test_the_file_is_named(said, tmp_path):
    Image.fromarray(in_bits(GRAYS, 16)).save(tmp_path / "a\n.png")
    read(tmp_path / "a\n.png", 4095)
    assert said()[0].startswith(f"{tmp_path}/a\\n.png: too bright, and cut off,")


def test_floats_that_are_no_numbers_are_passed_over(said):
    values = in_bits(GRAYS, 12).astype(np.float32)
    values[0, :2] = np.nan, np.inf
    read(Image.fromarray(values), 4095)
    assert not said()
    read(Image.fromarray(values), 65535)
    assert len(said()) == 1


def test_hot_pixels_and_images_of_8_bits_fit(said):
    values = in_bits(np.resize(GRAYS, (200, 200)), 12)
    values[7, 7] = 65535
    read(gray_png(values), 4095)
    read(GRAYS.astype(np.uint8), 65535)
    read(np.zeros((6, 10), np.uint16), 65535)
    assert not said()
