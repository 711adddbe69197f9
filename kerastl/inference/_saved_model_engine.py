"""Run a SavedModel that kerastl exported."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from kerastl._base.stderr import native_stderr_silenced

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from kerastl.inference._engines import Parallelism


class SavedModelEngine:
    """Runs a SavedModel in TensorFlow.

    Args:
        model: Its folder. The signature `serving_default` takes uint8 pixels of shape (n, height, width, 3).
        parallelism: How many images go through it together. Threads are TensorFlow's own.

    Raises:
        ValueError: The folder is no such model.
    """

    name = "savedmodel"

    def __init__(self, model: Path, parallelism: Parallelism) -> None:
        import tensorflow as tf

        self.parallelism = parallelism
        self._lock = threading.Lock()
        try:
            with native_stderr_silenced():
                self._loaded = tf.saved_model.load(str(model))  # holds what the signature computes with
            self._answer = self._loaded.signatures["serving_default"]
        except (OSError, KeyError, AttributeError) as error:
            raise ValueError(f"{model} is no SavedModel with a signature serving_default") from error

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """See `Engine.predict`."""
        import tensorflow as tf

        with self._lock:
            (answers,) = self._answer(tf.constant(pixels)).values()
        received: np.ndarray = answers.numpy()
        return received
