"""Run a network with OpenVINO, which tells nobody that it is used."""

from __future__ import annotations

import importlib
import importlib.util
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kerastl._base.stderr import native_stderr_silenced

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from kerastl.inference._engines import Parallelism

PRECISION_PATH = ("runtime_options", "INFERENCE_PRECISION_HINT")
"""Where a network's `rt_info` says in which floating-point type it is to be run."""

FULL = "f32"
# What a network may ask for; all others are not types that a CPU or GPU computes in.
_PRECISIONS = (FULL, "bf16", "f16")
_TELEMETRY = "openvino_telemetry"
_importing = threading.Lock()


def openvino_missing() -> str | None:
    """What this machine lacks."""
    if importlib.util.find_spec("openvino") is not None:
        return None
    return "the package openvino is not installed, which runs OpenVINO networks: pip install openvino"


@contextmanager
def telemetry_unimportable() -> Iterator[None]:
    """Have packages that are imported in the block find no `openvino_telemetry`, and do without.

    OpenVINO and NNCF report over the network that they were imported and what they converted, unless a file in the
    home folder forbids it. Both take a stub where the package is not installed.
    """
    with _importing:
        before = sys.modules.get(_TELEMETRY)
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
        try:
            yield
        finally:
            if before is None:
                del sys.modules[_TELEMETRY]
            else:
                sys.modules[_TELEMETRY] = before


def import_openvino() -> Any:
    """The package `openvino`, imported without its telemetry."""
    if "openvino" not in sys.modules:
        with telemetry_unimportable(), native_stderr_silenced():
            return importlib.import_module("openvino")
    return importlib.import_module("openvino")  # waits where another thread is at it


class OpenVINOEngine:
    """Runs an OpenVINO network on the CPU; starts without TensorFlow.

    OpenVINO computes in bfloat16 where the processor can, which moves probabilities by 0.1 and more. So the type is
    always told: the one that the network's `rt_info` asks for under `runtime_options`, `INFERENCE_PRECISION_HINT`, or
    else float32.

    Args:
        model: A `.xml` file with its `.bin` beside, or a folder with `model.xml`. The network takes uint8 pixels of
            shape (n, height, width, 3).
        parallelism: How many requests run side by side, and threads for each.
        inference_precision: `f32`, `bf16` or `f16`: goes before what the network asks for. bfloat16 takes about half
            the time on processors that have instructions for it.

    Raises:
        ValueError: The file is no such network.

    Example:
        >>> from pathlib import Path
        >>> import kerastl
        >>> import numpy as np
        >>> from kerastl.inference import OpenVINOEngine, Parallelism
        >>> exported = kerastl.export("kerastl_mini", "openvino", "exported")
        >>> parallelism = Parallelism(workers=1, interpreters=1, threads=1, batch=1)
        >>> engine = OpenVINOEngine(Path("exported", "openvino"), parallelism)
        >>> engine.predict(np.zeros((1, 32, 32, 3), "uint8")).shape
        (1, 200)
    """

    name = "openvino"

    def __init__(self, model: Path, parallelism: Parallelism, inference_precision: str | None = None) -> None:
        self.parallelism = parallelism
        self.model = model / "model.xml" if model.is_dir() else model
        openvino = import_openvino()
        try:
            with native_stderr_silenced():
                core = openvino.Core()
                network = core.read_model(self.model)
                self.inference_precision = inference_precision or _asked_for(network)
                if self.inference_precision not in _PRECISIONS:
                    raise ValueError(f"there is no floating-point type {self.inference_precision!r}")
                self._compiled = core.compile_model(network, "CPU", self._options())
        except RuntimeError as error:
            raise ValueError(f"OpenVINO cannot open it ({_reason(error)})") from error
        self._idle: queue.LifoQueue[Any] = queue.LifoQueue()
        for _ in range(parallelism.interpreters):
            self._idle.put(self._compiled.create_infer_request())

    def _options(self) -> dict[str, Any]:
        copies, threads = self.parallelism.interpreters, self.parallelism.threads
        return {
            "INFERENCE_PRECISION_HINT": self.inference_precision,
            "NUM_STREAMS": str(copies),
            "INFERENCE_NUM_THREADS": copies * threads,
        }

    def shapes(self) -> tuple[list[list[int]], list[list[int]]]:
        """The shapes of the network's inputs and outputs; what is open is -1.

        Raises:
            ValueError: It does not take uint8 pixels.
        """
        if any(each.get_element_type().get_type_name() != "u8" for each in self._compiled.inputs):
            raise ValueError("it does not take uint8 pixels")
        return _shapes(self._compiled.inputs), _shapes(self._compiled.outputs)

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """See `Engine.predict`."""
        request = self._idle.get()
        try:
            # The input is read where it lies; the output is a copy, since the next call writes over the request's own.
            return request.infer([pixels], share_inputs=True, share_outputs=False)[0]
        finally:
            self._idle.put(request)


def _asked_for(network: Any) -> str:
    """The floating-point type that a network is to be run in."""
    path = list(PRECISION_PATH)
    return str(network.get_rt_info(path).value) if network.has_rt_info(path) else FULL


def _shapes(ports: Any) -> list[list[int]]:
    return [[int(size.get_length()) if size.is_static else -1 for size in port.get_partial_shape()] for port in ports]


def _reason(error: RuntimeError) -> str:
    """The line that says what is wrong; those before it name places in OpenVINO's source."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = [line for line in lines if not line.startswith(("Exception from", "Check '"))]
    return (told or lines or ["no reason given"])[-1][:200]
