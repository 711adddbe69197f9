"""Import Keras without the chatter of native libraries, and say in one line what it says in many."""

from __future__ import annotations

import logging
import os
import sys
from types import ModuleType

from kerastl import _progress as progress
from kerastl._base.stderr import native_stderr_silenced
from kerastl._base.text import printable
from kerastl._progress.bars import importing


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
    reporter = progress.current()
    reporter.ready()
    with reporter.stage("loading Keras"), importing, native_stderr_silenced():
        import keras

        # The first tensor makes the backend look for accelerators, which it talks about.
        keras.ops.zeros(1)
    return keras


def keras_reason(error: Exception) -> str:
    """What went wrong, out of the several lines in which Keras says it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    inner = [line for line in lines if line.startswith("Exception encountered: ")]
    if inner:
        return printable(inner[-1].removeprefix("Exception encountered: "))[:200]
    said = " ".join(lines[:2]) if lines and lines[0].endswith(":") else "".join(lines[:1])
    return printable(said or type(error).__name__)[:300]
