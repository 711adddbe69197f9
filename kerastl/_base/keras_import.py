"""Import Keras without the chatter of native libraries."""

from __future__ import annotations

import logging
import os
import sys
from types import ModuleType

from kerastl import _progress as progress
from kerastl._base.stderr import native_stderr_silenced
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
