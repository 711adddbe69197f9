"""Runs an ONNX network with onnxruntime, without TensorFlow."""

from __future__ import annotations

import importlib.util
import os
from typing import TYPE_CHECKING

from kerastl._base.stderr import native_stderr_silenced
from kerastl.inference._engines import PIXELS, Parallelism, cores

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

_DTYPES = dict(zip(("tensor(uint8)", "tensor(float)"), PIXELS, strict=True))
_SILENT = 4  # of onnxruntime's severities: what is fatal


class OnnxEngine:
    """Runs an ONNX network on the CPU.

    One copy of the weights serves all threads, each of which computes its own images: side by side they get more done
    than together on one image.

    Args:
        model: An `.onnx` file whose input is uint8, or float32 from 0 to 255, of shape (n, height, width, 3); or what
            is in one.
        parallelism: How many threads ask for answers, and threads inside each; `None` for one a core, with one inside.

    Raises:
        ImportError: onnxruntime is not installed.
        ValueError: The file is no such network, or has operators that onnxruntime does not know.

    Example:
        >>> import numpy as np
        >>> import onnx
        >>> from kerastl.inference import OnnxEngine
        >>> network = onnx.parser.parse_model('''
        ...     <ir_version: 8, opset_import: ["": 17]>
        ...     means (uint8[n, 32, 32, 3] pixels) => (float[n, 3] scores) {
        ...         floats = Cast <to = 1> (pixels)
        ...         scores = ReduceMean <axes = [1, 2], keepdims = 0> (floats)
        ...     }
        ... ''')
        >>> engine = OnnxEngine(network.SerializeToString())
        >>> engine.predict(np.full((1, 32, 32, 3), 9, "uint8")).tolist()
        [[9.0, 9.0, 9.0]]
    """

    name = "onnx"

    def __init__(self, model: Path | bytes, parallelism: Parallelism | None = None) -> None:
        self.parallelism = parallelism or Parallelism(workers=cores(), interpreters=cores(), threads=1, batch=1)
        with native_stderr_silenced():
            import onnxruntime

            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self.parallelism.threads
            options.inter_op_num_threads = 1
            options.log_severity_level = _SILENT
            content = model if isinstance(model, bytes) else os.fspath(model)
            try:
                self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
            except Exception as error:  # of classes without a common base
                raise ValueError(_first_line(error)) from error
        self._given = self._session.get_inputs()[0]
        if self._given.type not in _DTYPES:
            raise ValueError("it does not take uint8 or float32 pixels")

    def shapes(self) -> tuple[list[list[int | None]], list[list[int | None]]]:
        """The shapes of the network's inputs and outputs; what is open is None."""
        given, found = (
            [[size if isinstance(size, int) else None for size in each.shape] for each in ends]
            for ends in (self._session.get_inputs(), self._session.get_outputs())
        )
        return given, found

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """See `Engine.predict`."""
        return self._session.run(None, {self._given.name: pixels.astype(_DTYPES[self._given.type], copy=False)})[0]


def onnx_missing() -> str | None:
    """What this machine lacks."""
    if importlib.util.find_spec("onnxruntime") is not None:
        return None
    return "the package onnxruntime is not installed, which runs ONNX networks: pip install onnxruntime"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0][:300]
