"""Operations of LiteRT and TensorFlow that tf2onnx does not know, or makes slow, as ONNX operators.

A handler takes tf2onnx's graph and one of its nodes, and puts ONNX nodes in the place of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


def _gelu(graph: Any, node: Any, name: str, _: Any) -> None:
    """Hendrycks and Gimpel 2016: x * Phi(x), by the error function or by their approximation with tanh."""
    if "approximate" in node.attr and node.attr["approximate"].i:
        _replace(graph, node, _gelu_by_tanh)
    else:
        _replace(graph, node, _gelu_by_erf)


def _gelu_by_erf(add: Callable[..., str], x: str) -> list[Any]:
    erf = add("Erf", add("Mul", x, math.sqrt(0.5)))
    return ["Mul", add("Mul", x, 0.5), add("Add", erf, 1.0)]


def _gelu_by_tanh(add: Callable[..., str], x: str) -> list[Any]:
    cubic = add("Mul", add("Mul", add("Mul", x, x), x), 0.044715)
    tanh = add("Tanh", add("Mul", add("Add", x, cubic), math.sqrt(2 / math.pi)))
    return ["Mul", add("Mul", x, 0.5), add("Add", tanh, 1.0)]


def _erfc(graph: Any, node: Any, name: str, _: Any) -> None:
    _replace(graph, node, lambda add, x: ["Sub", 1.0, add("Erf", x)])


def _relu_n1_to_1(graph: Any, node: Any, name: str, _: Any) -> None:
    _replace(graph, node, lambda add, x: ["Clip", x, -1.0, 1.0])


def _reverse(graph: Any, node: Any, name: str, _: Any) -> None:
    """Read backwards along some axes, which tf2onnx does with a length for every image of the batch."""
    import numpy as np

    axes = node.inputs[1].get_tensor_value(as_list=False).reshape(-1).astype(np.int64)
    last, before_first = np.full_like(axes, -1), np.full_like(axes, np.iinfo(np.int64).min)
    _replace(graph, node, lambda add, x: ["Slice", x, last, before_first, axes, last])


def _nearest(graph: Any, node: Any, name: str, _: Any) -> None:
    """Take the nearest rows and columns, counted in float32 as TensorFlow does: ONNX has other rules for ties."""
    import numpy as np

    def indices(size: int, wanted: int) -> np.ndarray:
        if node.attr["align_corners"].i and wanted > 1:
            found = np.round(np.arange(wanted, dtype=np.float32) * np.float32((size - 1) / (wanted - 1)))
        else:
            shift = np.float32(0.5 if node.attr["half_pixel_centers"].i else 0)
            found = np.floor((np.arange(wanted, dtype=np.float32) + shift) * (np.float32(size) / np.float32(wanted)))
        return np.minimum(found, size - 1).astype(np.int64)

    _, height, width, _ = graph.get_shape(node.input[0])
    rows, columns = (indices(*pair) for pair in zip((height, width), node.inputs[1].get_tensor_value(), strict=True))
    _replace(graph, node, lambda add, x: ["Gather", add("Gather", x, rows, axis=1), columns], axis=2)


def _replace(graph: Any, node: Any, make: Callable[[Callable[..., str], str], list[Any]], **attributes: int) -> None:
    """Put other nodes in the place of one with the same output.

    Args:
        graph: tf2onnx's.
        node: What is to go.
        make: Given what adds a node and returns the name of its output, and the name of the input; returns the last
            node: its type, then its inputs. Inputs are names, numbers or arrays.
        attributes: Of the last node.
    """
    import numpy as np
    from tf2onnx.utils import make_name

    def named(value: Any) -> str:
        if isinstance(value, str):
            return value
        array = np.asarray(value, np.float32 if isinstance(value, float) else None)
        return graph.make_const(make_name("constant"), array).output[0]

    def add(kind: str, *inputs: Any, **attributes: int) -> str:
        return graph.make_node(kind, [named(value) for value in inputs], attr=attributes).output[0]

    given, outputs, shapes, dtypes = node.input[0], node.output, node.output_shapes, node.output_dtypes
    graph.remove_node(node.name)
    kind, *inputs = make(add, given)
    names = [named(value) for value in inputs]
    graph.make_node(kind, names, attributes, outputs=outputs, name=node.name, shapes=shapes, dtypes=dtypes)


HANDLERS: Mapping[str, tuple[Callable[..., None], list[Any]]] = {
    "TFL_GELU": (_gelu, []),
    "Erfc": (_erfc, []),
    "TFL_RELU_N1_TO_1": (_relu_n1_to_1, []),
    "ReverseV2": (_reverse, []),
    "ResizeNearestNeighbor": (_nearest, []),
}
"""By operation, as tf2onnx's `custom_op_handlers` takes them."""


@contextmanager
def tf2onnx_mended() -> Iterator[None]:
    """Let tf2onnx know one more activation, and take less memory, while the block runs."""
    from tf2onnx.graph import Node
    from tf2onnx.tflite_handlers import tfl_math, tfl_nn

    separate, update = tfl_math.separate_fused_activation_function, Node.update_proto

    def separate_all(graph: Any, node: Any) -> None:
        """Part an activation from the operation that LiteRT melted it into, of which handlers know nothing."""
        if node.attr["fused_activation_function"].s != b"RELU_N1_TO_1":
            return separate(graph, node)
        del node.attr["fused_activation_function"]
        output = node.output[0]
        shape, dtype = graph.get_shape(output), graph.get_dtype(output)
        clip = graph.make_node("TFL_RELU_N1_TO_1", [output], skip_conversion=False, shapes=[shape], dtypes=[dtype])
        graph.insert_node_on_output(clip, output)
        return None

    def update_small(node: Any, *arguments: Any) -> None:
        """Write a node down after each optimization, but for weights, of which nobody reads that.

        Nothing is freed before the end: of 100 MB they would come to 2.5 GB.
        """
        if not node.is_const():
            update(node, *arguments)

    try:
        tfl_math.separate_fused_activation_function = tfl_nn.separate_fused_activation_function = separate_all
        Node.update_proto = update_small
        yield
    finally:
        tfl_math.separate_fused_activation_function = tfl_nn.separate_fused_activation_function = separate
        Node.update_proto = update
