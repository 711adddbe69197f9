"""Compile a Keras model for LiteRT in 8-bit integers: post-training quantization (Jacob et al. 2018, section 2).

Weights get one scale a channel, activations one a tensor, from the ranges that they take on representative images.
What follows the last convolution stays in float32 (`kerastl.inference._float_tail`).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerastl.inference._export import converted
from kerastl.inference._float_tail import Operation, is_dense_work, split_operations
from kerastl.inference._tensorflow_process import with_tensorflow

if TYPE_CHECKING:
    import keras
    import numpy as np

# Part of the cache key: raise it when the compiled file changes its meaning.
QUANTIZE_VERSION = 2
_CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "TRANSPOSE_CONV", "CONV_3D", "BATCH_MATMUL"})
# The converter gives what goes in and what comes out scales of their own, and the operation copies integers as they
# are: pixels whose channels are brought into the order of Caffe's networks would become others.
_WRONG_IN_INTEGERS = frozenset({"REVERSE_V2"})


@with_tensorflow
def to_int8(model: keras.Model, pixels: np.ndarray) -> bytes:
    """Compile a model in 8-bit integers.

    Args:
        model: One input, float32 pixels of shape (n, height, width, 3), and one output.
        pixels: uint8 array of shape (m, height, width, 3): images like those to come.

    Returns:
        A LiteRT flatbuffer: uint8 pixels of shape (n, height, width, 3) in, float32 out, n free.

    Raises:
        ModelError: The network cannot be compiled so.
    """
    import tensorflow as tf

    def convert(converter: Any) -> bytes:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[None]] for image in pixels)
        # The converter's own quantization knows no exceptions; that of its debugger takes names.
        debugger = tf.lite.experimental.QuantizationDebugger(converter=converter, debug_dataset=lambda: iter(()))
        tail, rest = split_tail(debugger.calibrated_model)
        if not rest:
            raise ValueError("it has no convolutions, which are what 8 bits make faster")
        denied = [*tail, *wrong_in_integers(debugger.calibrated_model)]
        debugger.options = tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=denied)
        return debugger.get_nondebug_quantized_model()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on a deprecated interpreter, which the debugger runs, and on input ranges
        return converted(model, convert)


def split_tail(flatbuffer: bytes) -> tuple[list[str], list[str]]:
    """Names of the operations that stay in float32, and of the others.

    Args:
        flatbuffer: A network in float32.

    Returns:
        The tail and the others, each from the last operation to the first.
    """
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=flatbuffer)
    tensors = {tensor["index"]: tensor for tensor in interpreter.get_tensor_details()}
    operations = [
        Operation(operation["inputs"], operation["outputs"], _is_work(operation, tensors))
        for operation in interpreter._get_ops_details()
    ]
    tail, others = (
        [tensors[index]["name"] for operation in part for index in operation.outputs]
        for part in split_operations(operations)
    )
    return tail, others


def wrong_in_integers(flatbuffer: bytes) -> list[str]:
    """Names of the operations that the converter quantizes wrong, wherever they are."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=flatbuffer)
    names = {tensor["index"]: tensor["name"] for tensor in interpreter.get_tensor_details()}
    operations = [each for each in interpreter._get_ops_details() if each["op_name"] in _WRONG_IN_INTEGERS]
    return [names[index] for operation in operations for index in operation["outputs"]]


def _is_work(operation: Mapping[str, Any], tensors: Mapping[int, Mapping[str, Any]]) -> bool:
    """Whether an operation takes so much time that 8 bits pay."""
    if operation["op_name"] != "FULLY_CONNECTED":
        return operation["op_name"] in _CONVOLUTIONS
    shapes: Sequence[Sequence[int]] = [tensors[index]["shape"] for index in operation["inputs"] if index >= 0]
    return is_dense_work(len(shapes[0]), math.prod(map(int, shapes[1])))
