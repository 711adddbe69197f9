import numpy as np
import pytest

import kerastl
from kerastl.exporting import EXPORT_FORMATS


@pytest.fixture
def formats(monkeypatch):
    """The registry, in which tests may register what they like."""
    monkeypatch.setattr(EXPORT_FORMATS, "_entries", dict(EXPORT_FORMATS._entries))
    return EXPORT_FORMATS


@pytest.fixture(scope="session")
def flat_colors():
    """Forty images of one color each: uint8 array of shape (40, 32, 32, 3)."""
    return np.stack([np.full((32, 32, 3), (6 * n, 250 - 6 * n, 9), np.uint8) for n in range(40)])


@pytest.fixture(scope="session")
def expected_of():
    """What Keras answers: the run folder's model, on uint8 pixels."""

    def answers(folder, pixels):
        return kerastl.load(folder, engine="keras").keras_model().predict_on_batch(pixels.astype("float32"))

    return answers


@pytest.fixture(scope="module")
def exported_colors(color_model, tmp_path_factory):
    """`color_model` exported to LiteRT: the result."""
    return kerastl.export(color_model, "litert", tmp_path_factory.mktemp("exported"))
