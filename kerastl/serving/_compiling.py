"""Compile networks in a process of their own, so that the one that serves never imports TensorFlow."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import numpy as np

from kerastl._base.processes import start_child
from kerastl._base.text import message, printable
from kerastl._classifier import Classifier
from kerastl.calibration import _temperature as temperature
from kerastl.calibration._apply import can_reject
from kerastl.errors import KerastlError, ModelError
from kerastl.models._spec import resolve
from kerastl.serving._settings import ServeSettings

_POLL_SECONDS = 0.05


def prepare(path: str, settings: ServeSettings, stopped: threading.Event | None = None) -> None:
    """Have another process load a model: that compiles its network where nobody has done so yet.

    Args:
        path: Name or path of the model.
        settings: The server's.
        stopped: Ends the other process when it is set.

    Raises:
        UsageError: There is no such model.
        ModelError: It is broken.
    """
    resolve(path, trust=settings.trust)
    stopped = stopped or threading.Event()
    options = {"model": path, "engine": settings.engine, "trust": settings.trust}
    child = start_child("kerastl.serving._compiling.load_given", stdout=subprocess.PIPE)
    assert child.stdin is not None  # noqa: S101 - they are pipes
    assert child.stdout is not None  # noqa: S101
    with child:
        try:
            with child.stdin as todo:
                todo.write(json.dumps(options).encode())
        except OSError:  # it ended at once, which is told below
            pass
        while child.poll() is None and not stopped.wait(_POLL_SECONDS):
            pass
        if child.poll() is None:
            child.kill()
            return
        said = child.stdout.read()
    if not said:
        raise ModelError(f"{printable(path)}: the process that compiles it ended with code {child.returncode}")
    if (reason := json.loads(said)) is not None:
        raise ModelError(reason)


def prepare_features(classifier: Classifier) -> None:
    """Compile the network with its features, too, where answers need them, as `ServedModel` asks for them."""
    metadata = classifier.metadata
    if can_reject(classifier.file, metadata) or temperature.to_apply(metadata) != 1:
        classifier.predict_features(np.zeros((1, *metadata.reader.shape), np.uint8))


def load_given() -> None:
    """What the other process does: load what standard input names, and write what went wrong, or null."""
    from kerastl._load import load

    # Ctrl-C reaches the whole group of processes, and the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answer = os.dup(1)
    os.dup2(2, 1)  # which goes nowhere: libraries greet on standard output
    reason, options = None, json.load(sys.stdin)
    try:
        prepare_features(load(**options))
    except KerastlError as error:
        reason = str(error)
    except Exception as error:
        reason = message(f"{options['model']}: the network cannot be compiled ({type(error).__name__}: {error})")
    os.write(answer, json.dumps(reason).encode())
    sys.stdout.flush()
    os._exit(0)  # TensorFlow takes a second to tear itself down
