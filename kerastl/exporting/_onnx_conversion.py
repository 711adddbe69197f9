"""A LiteRT flatbuffer as an ONNX graph, by tf2onnx, quietly, and with what tf2onnx does not know."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kerastl._base.keras_import import import_keras
from kerastl._base.scratch import temporary_folder
from kerastl._base.stderr import native_stderr_silenced
from kerastl._base.text import brief
from kerastl.errors import ModelError
from kerastl.exporting import _onnx_graph as graphs
from kerastl.exporting._onnx_handlers import HANDLERS, tf2onnx_mended
from kerastl.inference._export import traced
from kerastl.inference._tensorflow_process import with_tensorflow

if TYPE_CHECKING:
    from pathlib import Path

    import keras
    import onnx
    import tensorflow as tf

OPSET = 18
"""Every onnxruntime since 1.14 knows it, and onnxruntime-web, too."""


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

        file = folder / "model.tflite"
        file.write_bytes(flatbuffer)
        return _translated(tf.Graph(), tflite_path=str(file))

    return _tidied(convert, name)


@with_tensorflow
def function_to_onnx(model: keras.Model, name: str) -> onnx.ModelProto:
    """Turn a network into ONNX that LiteRT cannot hold, such as one with a recurrent layer.

    Args:
        model: One input, float32 pixels of shape (n, height, width, 3), and one output.
        name: What the network is called in messages.

    Returns:
        As `to_onnx`.

    Raises:
        ModelError: tf2onnx does not know an operation of it.
    """

    def convert(_: Path) -> onnx.ModelProto:
        import tensorflow as tf
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
        from tf2onnx.tf_loader import tf_optimize

        # tf2onnx's own way from a function leaves what a layer captured, such as the mean of a Normalization, as inputs
        # that nobody gives.
        frozen = convert_variables_to_constants_v2(traced(model), lower_control_flow=False, aggressive_inlining=True)
        sides = {
            "input_names": [each.name for each in frozen.inputs],
            "output_names": [each.name for each in frozen.outputs],
        }
        graph = tf.Graph()
        with graph.as_default():
            tf.import_graph_def(tf_optimize(*sides.values(), frozen.graph.as_graph_def()), name="")
        return _translated(graph, **sides)

    return _tidied(convert, name)


def _translated(graph: tf.Graph, **source: Any) -> onnx.ModelProto:
    """What `tf2onnx.convert` does, without the copy of the network before each optimization, which is half the time."""
    import tensorflow as tf
    from tf2onnx import optimizer
    from tf2onnx.tfonnx import process_tf_graph

    with tf2onnx_mended(), tf.device("/cpu:0"), graph.as_default():
        translated = process_tf_graph(graph, True, opset=OPSET, custom_op_handlers=dict(HANDLERS), **source)
        return optimizer.optimize_graph(translated, catch_errors=False).make_model("network")


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
