import os
import subprocess
import sys

import numpy as np
import pytest

from kerastl.errors import ModelError, UsageError
from kerastl.explaining._gradients import class_gradient

keras = pytest.importorskip("keras")

# Scores x0 ** 2 + 3 x1 and 5 x0 of two numbers, whose gradients are (2 x0, 3) and (5, 0).
SCRIPT = """
import json
import keras, numpy as np
from kerastl.explaining._gradients import class_gradient
x = keras.Input((2,))
squares = keras.layers.Multiply()([x, x])
dense = keras.layers.Dense(2, use_bias=False)
model = keras.Model(x, dense(keras.layers.Concatenate()([x, squares])))
dense.set_weights([np.array([[0, 5], [3, 0], [1, 0], [0, 0]], "float32")])
gradient = class_gradient(model)
asked = ((0, [[2, 7], [1, 1]]), (1, [[4, 9]]))
found = [[part.tolist() for part in gradient(np.array(at, "float32"), index)] for index, at in asked]
print(json.dumps([keras.backend.backend(), found]))
"""
EXPECTED = [[[25.0, 4.0], [[4.0, 3.0], [2.0, 3.0]]], [[20.0], [[5.0, 0.0]]]]


@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_gradients_worked_out_by_hand(backend):
    import json

    pytest.importorskip(backend)
    environment = os.environ | {"KERAS_BACKEND": backend}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [backend, EXPECTED]


def test_another_backend_is_named(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "numpy")
    with pytest.raises(UsageError, match=r"only methods without gradients work \(occlusion\); use tensorflow or jax"):
        class_gradient(None)


def test_a_network_without_a_gradient_says_so():
    pixels = keras.Input((4,))
    model = keras.Model(pixels, keras.ops.cast(keras.ops.argmax(pixels, axis=1, keepdims=True), "float32"), name="hard")
    with pytest.raises(ModelError, match="scores of hard do not depend on its input"):
        class_gradient(model)(np.ones((1, 4), "float32"), 0)
