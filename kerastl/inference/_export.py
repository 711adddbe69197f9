"""Compile a Keras model for LiteRT."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import retracing_unmentioned
from kerastl._base.stderr import native_stderr_silenced
from kerastl.errors import ModelError
from kerastl.inference._tensorflow_process import with_tensorflow

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from kerastl.inference._engines import Engine

# Part of the cache key: raise it when the compiled file changes its meaning.
EXPORT_VERSION = 2
# Scores of the compiled network may differ from Keras's by as much, and the best class never.
TOLERANCE = 1e-3


def unavailable() -> str | None:
    """Why nothing can be compiled here, or `None`."""
    if importlib.util.find_spec("tensorflow") is not None:
        return None
    return "only TensorFlow compiles networks, and it is not installed (pip install tensorflow)"


@with_tensorflow
def to_litert(model: keras.Model) -> bytes:
    """Compile a model.

    Args:
        model: One input, float32 pixels of shape (n, height, width, 3), and one output.

    Returns:
        A LiteRT flatbuffer: uint8 pixels of shape (n, height, width, 3) in, float32 out, n free.

    Raises:
        ModelError: The network cannot be compiled.
    """
    return converted(model, lambda converter: converter.convert())


@with_tensorflow
def to_litert_fp16(model: keras.Model) -> bytes:
    """Compile a model with weights in float16; the arguments and errors are those of `to_litert`."""

    def convert(converter: Any) -> bytes:
        import tensorflow as tf

        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
        content: bytes = converter.convert()
        return content

    return converted(model, convert)


def converted(model: keras.Model, convert: Callable[[Any], bytes]) -> bytes:
    """Compile a model with a converter that is set up for it, where Keras runs on TensorFlow.

    Args:
        model: As for `to_litert`.
        convert: Given a `tf.lite.TFLiteConverter`; returns the flatbuffer.

    Raises:
        ModelError: The network cannot be compiled.
    """
    import tensorflow as tf

    try:
        with native_stderr_silenced(), absl_quiet():
            # Without a trackable object the converter freezes the graph in memory; with one it goes through a
            # SavedModel on disk, which is what `model.export` does and takes two to four times as long.
            return convert(tf.lite.TFLiteConverter.from_concrete_functions([traced(model)]))
    except Exception as error:
        reason = str(error).strip().splitlines()[0:1]
        raise ModelError(f"{model.name} cannot be compiled ({''.join(reason)[:200]})") from error


def traced(model: keras.Model) -> tf.types.experimental.ConcreteFunction:
    """A model as a function of TensorFlow, on which Keras must run.

    Args:
        model: As for `to_litert`.

    Returns:
        A concrete function: `pixels`, uint8 of shape (n, height, width, 3), in, float32 out, n free.
    """
    import tensorflow as tf

    signature = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
    # Without autograph, which leaves what it writes among the system's temporary files.
    serve = tf.function(
        lambda pixels: model(tf.cast(pixels, tf.float32), training=False), input_signature=[signature], autograph=False
    )
    return serve.get_concrete_function()


@contextmanager
def absl_quiet() -> Iterator[None]:
    """Let the converter log through absl, and nobody hear it; the logging of the program stays as it is."""
    root, log, nowhere = logging.getLogger(), logging.getLogger("absl"), logging.NullHandler()
    level = log.level
    log.setLevel(logging.ERROR)
    root.addHandler(nowhere)  # absl sets up logging for the whole process where it finds no handler
    try:
        yield
    finally:
        root.removeHandler(nowhere)
        log.setLevel(level)


def patterns(height: int, width: int) -> np.ndarray:
    """Noise of several kinds, which networks are tried on: flat, coarse and fine, bright and dark.

    Returns:
        uint8 array of shape (8, height, width, 3), the same each time.
    """
    import numpy as np

    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (4, 4, 4, 3)).repeat(-(-height // 4), 1).repeat(-(-width // 4), 2)
    fine = random.integers(0, 256, (2, height, width, 3))
    dark = random.integers(0, 64, (1, height, width, 3))
    flat = np.full((1, height, width, 3), 128)
    return np.concatenate([coarse[:, :height, :width], fine, dark, flat]).astype(np.uint8)


def check(engine: Engine, model: keras.Model) -> None:
    """Compare a compiled network with its model, on `patterns`.

    Raises:
        ModelError: An output differs by more than `TOLERANCE`, of numbers above 1 by more than that fraction of the
            largest; or has its maximum elsewhere.
    """
    import numpy as np

    pixels = patterns(*model.input_shape[1:3])
    with retracing_unmentioned():
        expected = model.predict_on_batch(pixels.astype(np.float32))
    received = np.concatenate([engine.predict(pixels[i : i + 1]) for i in range(len(pixels))])
    difference = float(np.max(np.abs(received - expected)))
    moved = np.argmax(received, -1) != np.argmax(expected, -1)
    # Probabilities go up to 1, numbers to whatever their unit makes of them.
    if not difference <= TOLERANCE * max(1.0, float(np.max(np.abs(expected)))) or (moved & decided(expected)).any():
        raise ModelError(f"{model.name}, compiled, differs from Keras by {difference:.2g}")


def decided(scores: np.ndarray) -> np.ndarray:
    """Which rows have a best class that rounding cannot change."""
    import numpy as np

    if scores.shape[-1] == 1:  # a number
        return np.zeros(len(scores), np.bool_)
    best, second = np.moveaxis(np.sort(scores, -1)[..., :-3:-1], -1, 0)
    return best - second > 1e-5
