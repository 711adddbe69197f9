"""Import Keras without the chatter that native libraries write straight to file descriptor 2."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

_lock = threading.Lock()


@contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Send what is written to file descriptor 2 nowhere while the block runs.

    LiteRT and TensorFlow greet their users on it, and no setting of theirs stops that. Python's own errors are
    exceptions and pass through. Nothing happens where there is no such descriptor.
    """
    with _lock:
        try:
            sys.stderr.flush()
            saved = os.dup(2)
        except (AttributeError, OSError, ValueError):
            yield
            return
        try:
            with Path(os.devnull).open("wb") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


def _no_false_alarm(record: logging.LogRecord) -> bool:
    """Leave out that Keras traces its functions often: once for each network, and a run of some phases has many."""
    text = str(record.msg)
    return "triggered tf.function retracing" not in text or "TensorFlowTrainer" not in text


def import_keras() -> ModuleType:
    """Import Keras and its backend quietly.

    An explicit `TF_CPP_MIN_LOG_LEVEL` is left as it is.
    """
    logging.getLogger("tensorflow").addFilter(_no_false_alarm)
    if "keras" in sys.modules:
        return sys.modules["keras"]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with native_stderr_silenced():
        import keras

        # The first tensor makes the backend look for accelerators, which it talks about.
        keras.ops.zeros(1)
    return keras
