"""Open exported files: the engine that runs one as it is, and what is refused of its answers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from kerastl._base.text import printable
from kerastl.errors import KerastlError, ModelError, UsageError
from kerastl.inference._cache import default_parallelism
from kerastl.inference._engine_registry import ENGINES
from kerastl.inference._engines import Engine, LiteRTEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from kerastl.inference._precision import Precision
    from kerastl.models._spec import ModelSpec

# Numbers in one tensor: 2 GiB of float32, as in a saved model.
_LARGEST = 1 << 29


class _Opened(Engine, Protocol):
    def shapes(self) -> tuple[Sequence[Sequence[int | None]], Sequence[Sequence[int | None]]]:
        """The shapes of inputs and outputs."""


class ExportedEngine:
    """The engine of an exported file: what its runtime cannot do is one line, and answers are numbers.

    Args:
        inner: Runs the network.
        shown: What messages call the file.
    """

    def __init__(self, inner: Engine, shown: str) -> None:
        self.name = inner.name
        self.parallelism = inner.parallelism
        self._inner = inner
        self._shown = shown

    def predict(self, pixels: np.ndarray) -> np.ndarray:
        """See `Engine.predict`.

        Raises:
            ModelError: The network cannot be run, or its scores are not numbers.
        """
        import numpy as np

        try:
            scores = self._inner.predict(pixels)
        except KerastlError:
            raise
        except Exception as error:  # each runtime has classes of its own
            raise ModelError(f"{self._shown} cannot be run ({_first_line(error)})") from error
        if not np.isfinite(scores).all():
            raise ModelError(f"{self._shown}: its scores are not numbers (NaN): its weights are broken")
        return scores


def open_exported(spec: ModelSpec, engine: str, precision: Precision) -> Engine:
    """Open the engine of an exported file.

    Args:
        spec: The file.
        engine: The name of its engine, or `auto`.
        precision: `full`, which is that of the file.

    Raises:
        UsageError: Another engine or precision is asked for.
        ModelError: The engine is not installed, or cannot run the file.
    """
    assert spec.engine is not None  # noqa: S101 - which is what this is for
    shown = printable(str(spec.weights_file))
    if engine not in ("auto", spec.engine):
        _ = ENGINES[engine]  # which says so where there is none of that name
        raise UsageError(f"{shown} runs on the engine {spec.engine}. Received: engine={engine!r}")
    if precision != "full":
        raise UsageError(
            f"{shown} has the precision that it was exported in; export to onnx-int8, litert-int8 or openvino-int8 for "
            f"fewer bits. Received: precision={precision!r}"
        )
    factory = ENGINES[spec.engine]
    if (reason := factory.unavailable()) is not None:
        raise ModelError(f"{shown}: {reason}")
    return ExportedEngine(factory.open_file(spec), shown)


def open_litert_file(spec: ModelSpec) -> Engine:
    """The engine of a `.tflite` file."""
    file = spec.weights_file

    def opened() -> LiteRTEngine:
        _check_tensors(spec)
        return LiteRTEngine(file, default_parallelism(file.stat().st_size))

    return _fitting(spec, opened)


def open_onnx_file(spec: ModelSpec) -> Engine:
    """The engine of an `.onnx` file."""
    from kerastl.inference._onnx_engine import OnnxEngine

    return _fitting(spec, lambda: OnnxEngine(spec.weights_file))


def open_openvino_file(spec: ModelSpec) -> Engine:
    """The engine of an OpenVINO network."""
    from kerastl.inference._openvino_engine import OpenVINOEngine

    size = spec.weights_file.with_suffix(".bin").stat().st_size
    return _fitting(spec, lambda: OpenVINOEngine(spec.weights_file, default_parallelism(size)))


def _fitting(spec: ModelSpec, opened: Callable[[], _Opened]) -> Engine:
    """Open an engine, and compare its shapes with the metadata.

    A network that resizes images itself is free in height and width, and takes images of its own size as they are.
    """
    try:
        engine = opened()
        shapes = engine.shapes()
    except (ValueError, RuntimeError, OSError, MemoryError) as error:
        raise ModelError(f"{printable(str(spec.weights_file))} cannot be run ({_first_line(error)})") from error
    spec.check_fit(*shapes)
    return engine


def _check_tensors(spec: ModelSpec) -> None:
    """Refuse a network that asks for more memory than any has, before it gets some."""
    from ai_edge_litert.interpreter import Interpreter

    from kerastl._base.stderr import native_stderr_silenced

    with native_stderr_silenced():
        tensors = Interpreter(str(spec.weights_file)).get_tensor_details()
    for tensor in tensors:
        if math.prod(int(size) for size in tensor["shape"]) > _LARGEST:
            shape = tuple(map(int, tensor["shape"]))
            raise ValueError(f"it makes an array of shape {shape} of an image, which no memory holds")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return printable(lines[0])[:300]
