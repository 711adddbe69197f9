"""Import Keras without the chatter of native libraries, and say in one line what it says in many."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from types import ModuleType

from kerastl import _progress as progress
from kerastl._base.extras import MissingExtraError, require_module
from kerastl._base.stderr import SharedChange, native_stderr_silenced
from kerastl._base.text import printable
from kerastl._progress.bars import importing
from kerastl.errors import UsageError

_LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
_OTHER_BACKENDS = {"jax": "pip install 'kerastl[jax]'", "torch": "pip install torch"}
"""What brings each of Keras's backends but TensorFlow."""


def import_keras() -> ModuleType:
    """Import Keras and its backend quietly.

    Where it is not installed, a `MissingExtraError` says what to do. An explicit `TF_CPP_MIN_LOG_LEVEL` is left as it
    is; else it is set while they are imported, and only then.

    Example:
        >>> import kerastl
        >>> keras = kerastl.import_keras()
        >>> keras.ops.convert_to_numpy(keras.ops.ones(2)).tolist()
        [1.0, 1.0]
    """
    if "keras" in sys.modules:
        return sys.modules["keras"]
    require_module("keras")
    reporter = progress.current()
    reporter.ready()
    with reporter.stage("loading Keras"), importing, quiet_import(), _backend_told():
        import keras

        # The first tensor makes the backend look for accelerators, which it talks about.
        keras.ops.zeros(1)
        if "tensorflow" not in sys.modules and find_spec("tensorflow") is not None:
            # Keras does on any backend, when it first loads or saves a model. Accelerators' memory is the backend's.
            import tensorflow

            tensorflow.config.set_visible_devices([], "GPU")
    return keras


@contextmanager
def _backend_told() -> Iterator[None]:
    """Say what to do where Keras is set to a backend that is not there."""
    asked = os.environ.get("KERAS_BACKEND", "of keras.json")
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name not in _OTHER_BACKENDS:
            raise
        raise MissingExtraError(
            f"Keras is to run on {error.name}, which is not installed: {_OTHER_BACKENDS[error.name]}, or take another "
            "KERAS_BACKEND"
        ) from error
    except ValueError as error:
        if "backend" not in str(error):
            raise
        raise UsageError(
            f"Keras has no backend {asked!r}: KERAS_BACKEND may be tensorflow, {' or '.join(_OTHER_BACKENDS)}"
        ) from error


@contextmanager
def quiet_import() -> Iterator[None]:
    """Hold back what TensorFlow says while it, or what needs it, is imported."""
    with native_stderr_silenced(), _little_logged():
        yield


@contextmanager
def _little_logged() -> Iterator[None]:
    """Let TensorFlow log nothing; it looks at the variable once, when it is imported."""
    if _LOG_LEVEL in os.environ:
        yield
        return
    os.environ[_LOG_LEVEL] = "3"
    try:
        yield
    finally:
        os.environ.pop(_LOG_LEVEL, None)


def _no_false_alarm(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    return "triggered tf.function retracing" not in text or "TensorFlowTrainer" not in text


retracing_unmentioned = SharedChange(
    lambda: logging.getLogger("tensorflow").addFilter(_no_false_alarm),
    lambda: logging.getLogger("tensorflow").removeFilter(_no_false_alarm),
).held
"""Leave out that Keras traces its functions often: once for each network, and a run of some phases has many."""


def keras_reason(error: Exception) -> str:
    """What went wrong, out of the several lines in which Keras says it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    inner = [line for line in lines if line.startswith("Exception encountered: ")]
    if inner:
        return printable(inner[-1].removeprefix("Exception encountered: "))[:200]
    said = " ".join(lines[:2]) if lines and lines[0].endswith(":") else "".join(lines[:1])
    return printable(said or type(error).__name__)[:300]
