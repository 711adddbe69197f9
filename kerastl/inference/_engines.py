"""What runs a network: LiteRT for a compiled one, Keras for any."""

from __future__ import annotations

import os
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from kerastl._base.stderr import native_stderr_silenced

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import numpy as np


# What networks take, 0 to 255 in either.
PIXELS = ("uint8", "float32")


def cores() -> int:
    """How many processors this process may use; as for Python 3.13, `PYTHON_CPU_COUNT` says another number."""
    if (told := os.environ.get("PYTHON_CPU_COUNT", "")).isdecimal() and int(told):
        return int(told)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(frozen=True)
class Parallelism:
    """How to spread the work over the machine.

    Args:
        workers: Threads that decode and predict.
        interpreters: Copies of the network that run side by side.
        threads: Threads inside each copy.
        batch: Images that go through the network together.

    Example:
        >>> from kerastl.inference import Parallelism
        >>> Parallelism(workers=2, interpreters=2, threads=1, batch=4).batch
        4
    """

    workers: int
    interpreters: int
    threads: int
    batch: int


class Engine(Protocol):
    """Runs a network; `predict` may be called from several threads at once.

    Example:
        >>> import numpy as np
        >>> from kerastl.inference import Engine, KerasEngine
        >>> from kerastl.models import build
        >>> engine: Engine = KerasEngine(build("kerastl_mini"))
        >>> engine.predict(np.zeros((1, 32, 32, 3), "uint8")).shape
        (1, 200)
    """

    name: str
    parallelism: Parallelism

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """Run the network.

        Args:
            pixels: uint8 array of shape (n, height, width, 3), RGB.

        Returns:
            float32 array of shape (n, ...): the network's output.
        """


class LiteRTEngine:
    """Runs a compiled network; starts without TensorFlow.

    Args:
        model: A `.tflite` file whose input is uint8, or float32 from 0 to 255, of shape (n, height, width, 3); or
            what is in one.
        parallelism: How many copies, and threads in each.

    Raises:
        ValueError: The file is no such model.

    Example:
        >>> from pathlib import Path
        >>> import keras
        >>> import numpy as np
        >>> from kerastl.finetuning import boundary_engine
        >>> from kerastl.inference import LiteRTEngine, Parallelism
        >>> pixels = keras.Input((32, 32, 3))
        >>> compiled = boundary_engine(keras.Model(pixels, keras.layers.Conv2D(8, 3)(pixels)), Path("compiled"))
        >>> parallelism = Parallelism(workers=1, interpreters=1, threads=1, batch=1)
        >>> engine = LiteRTEngine(Path("compiled", "boundary.tflite"), parallelism)
        >>> engine.predict(np.zeros((1, 32, 32, 3), "uint8")).shape
        (1, 30, 30, 8)
    """

    name = "litert"

    def __init__(self, model: Path | bytes, parallelism: Parallelism) -> None:
        self.parallelism = parallelism
        self.model = model
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._copies = 0
        self._idle.put(self._copy())

    def _copy(self) -> Any:
        from ai_edge_litert.interpreter import Interpreter

        with native_stderr_silenced():
            threads = self.parallelism.threads
            if isinstance(self.model, bytes):
                interpreter = Interpreter(model_content=self.model, num_threads=threads)
            else:
                interpreter = Interpreter(os.fspath(self.model), num_threads=threads)
            interpreter.allocate_tensors()
        self._copies += 1
        return interpreter

    def _take(self) -> Any:
        """An idle copy; a new one if all are busy and more are allowed."""
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            with self._lock:
                if self._copies < self.parallelism.interpreters:
                    return self._copy()
        return self._idle.get()

    def shapes(self) -> tuple[list[list[int]], list[list[int]]]:
        """The shapes of the network's inputs and outputs; what is open is -1."""
        interpreter = self._take()
        try:
            given, found = interpreter.get_input_details(), interpreter.get_output_details()
            if any(each["dtype"].__name__ not in PIXELS for each in given):
                raise ValueError("it does not take uint8 or float32 pixels")
            return [list(each["shape_signature"]) for each in given], [list(each["shape_signature"]) for each in found]
        finally:
            self._idle.put(interpreter)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """See `Engine.predict`."""
        interpreter = self._take()
        try:
            given = interpreter.get_input_details()[0]
            if tuple(given["shape"]) != pixels.shape:
                interpreter.resize_tensor_input(given["index"], pixels.shape)
                interpreter.allocate_tensors()
            interpreter.set_tensor(given["index"], pixels.astype(given["dtype"], copy=False))
            interpreter.invoke()
            return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        finally:
            self._idle.put(interpreter)


class KerasEngine:
    """Runs a Keras model as it is: slower, and everywhere.

    Args:
        model: Takes float32 pixels 0-255 of shape (n, height, width, 3).
        batch: Images that go through it together.

    Example:
        >>> import numpy as np
        >>> from kerastl.inference import KerasEngine
        >>> from kerastl.models import build
        >>> engine = KerasEngine(build("kerastl_mini"))
        >>> engine.predict(np.zeros((1, 32, 32, 3), "uint8")).shape
        (1, 200)
    """

    name = "keras"

    def __init__(self, model: keras.Model, batch: int = 32) -> None:
        self.model = model
        # Images are decoded by the workers; the network runs one batch after the other on all cores.
        self.parallelism = Parallelism(workers=cores() + 1, interpreters=1, threads=cores(), batch=batch)
        self._lock = threading.Lock()

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """See `Engine.predict`."""
        from kerastl._base.keras_import import retracing_unmentioned

        with self._lock, retracing_unmentioned():
            return self.model.predict_on_batch(pixels.astype("float32"))
