"""The engine of the frozen half computes in float32 on a CPU, whatever precision trains."""

import keras
import numpy as np
import pytest

from kerastl.finetuning._boundary_engine import boundary_engine
from kerastl.training._callback import RunCallback


class Warned(RunCallback):
    def __init__(self):
        self.warnings = []

    def warn(self, text):
        self.warnings.append(text)


def network(precision):
    """A sum and a bare operation among the layers; the same weights in any precision."""
    keras.config.set_dtype_policy(precision)
    try:
        pixels = keras.Input((16, 16, 3))
        x = keras.layers.Rescaling(1 / 127.5, -1.0)(pixels)
        x = keras.layers.Conv2D(4, 3, padding="same")(x)
        x = keras.layers.BatchNormalization()(x)
        x = keras.layers.Add()([x, keras.ops.relu(x)])
        model = keras.Model(pixels, keras.layers.GlobalAveragePooling2D()(x))
    finally:
        keras.config.set_dtype_policy("float32")
    random = np.random.default_rng(1)
    model.set_weights([random.uniform(0.2, 1, weight.shape) for weight in model.weights])
    return model


@pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_every_precision_has_the_fast_engine_and_the_numbers_of_float32(precision, tmp_path):
    callback = Warned()
    engine = boundary_engine(network(precision), tmp_path, callback)
    assert callback.warnings == []
    pixels = np.random.default_rng(2).integers(0, 256, (1, 16, 16, 3), dtype=np.uint8)
    expected = np.asarray(network("float32")(pixels.astype("float32")))
    np.testing.assert_allclose(engine.predict(pixels), expected, rtol=1e-5)
    assert engine.name == "litert"


def test_on_an_accelerator_keras_computes_in_the_precision_that_trains(tmp_path, monkeypatch):
    monkeypatch.setattr(keras.distribution, "list_devices", lambda device_type=None: ["gpu:0", "gpu:1"])
    lower = network("mixed_bfloat16")
    engine = boundary_engine(lower, tmp_path)
    assert (engine.name, engine.model is lower, engine.parallelism.batch) == ("keras", True, 128)
