"""A LiteRT flatbuffer as an ONNX graph, by tf2onnx, quietly, and with what tf2onnx does not know."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from kerastl._base.keras_import import import_keras
from kerastl._base.scratch import temporary_folder
from kerastl._base.stderr import native_stderr_silenced
from kerastl._base.text import brief
from kerastl.errors import ModelError
from kerastl.exporting import _onnx_graph as graphs
from kerastl.exporting._onnx_handlers import HANDLERS, activations_known

if TYPE_CHECKING:
    from pathlib import Path

    import onnx

OPSET = 18
"""The first whose Resize takes antialiasing; every onnxruntime since 1.14 knows it, and onnxruntime-web, too."""


def to_onnx(flatbuffer: bytes, name: str) -> onnx.ModelProto:
    """Turn a compiled network into ONNX.

    Args:
        flatbuffer: A LiteRT flatbuffer in float32: uint8 pixels of shape (n, height, width, 3) in, float32 out, n free.
        name: What the network is called in messages.

    Returns:
        A graph of standard operators only: `pixels`, uint8 of shape (batch, height, width, 3), in; `probabilities`,
        float32 of shape (batch, outputs), out.

    Raises:
        ModelError: tf2onnx does not know an operation of it.
    """
    import_keras()  # before standard error is taken away, since that says what takes so long

    def convert(folder: Path) -> onnx.ModelProto:
        import tensorflow as tf
        from tf2onnx import optimizer
        from tf2onnx.tfonnx import process_tf_graph

        file = folder / "model.tflite"
        file.write_bytes(flatbuffer)
        # What tf2onnx.convert.from_tflite does, without the copy of the network before each of its optimizations,
        # which takes half of the time.
        with activations_known(), tf.device("/cpu:0"), tf.Graph().as_default() as graph:
            translated = process_tf_graph(
                graph, True, opset=OPSET, custom_op_handlers=dict(HANDLERS), tflite_path=str(file)
            )
            return optimizer.optimize_graph(translated, catch_errors=False).make_model(name)

    return _tidied(convert, name)


def _tidied(convert: Callable[[Path], onnx.ModelProto], name: str) -> onnx.ModelProto:
    """Convert, and clean up what came out.

    Raises:
        ModelError: That failed.
    """
    with temporary_folder() as folder:
        try:
            with native_stderr_silenced(), _tf2onnx_quiet():
                model = convert(folder)
        except Exception as error:  # whatever tf2onnx makes of what it does not know
            reason = brief(f"{type(error).__name__}: {error}")
            raise ModelError(f"{name} cannot become ONNX ({reason})") from error
    if unknown := graphs.unknown_operators(model):
        raise ModelError(f"{name} cannot become ONNX: tf2onnx does not know {', '.join(unknown)}")
    graphs.tidy(model)
    return model


@contextmanager
def _tf2onnx_quiet() -> Iterator[None]:
    """Let tf2onnx log, and TensorFlow warn of its own interpreter, and nobody hear it."""
    log = logging.getLogger("tf2onnx")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
