"""An ONNX network in half precision, but for what it cannot hold.

As in mixed-precision training (Micikevicius et al. 2018), products are computed in float16, and sums over many numbers,
exponentials and the like in float32; so is whatever reached large numbers on some images.
"""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

from kerastl.exporting._onnx_graph import remove_unused, with_types
from kerastl.exporting._onnx_parts import lead_and_tail

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import onnx

# A quarter of the largest number of float16: other images may give larger numbers.
_LARGE = 65504 / 4
_MANY = 1024
_WIDE = ("Exp", "Log", "Pow", "Reciprocal", "ReduceMean", "ReduceSum", "ReduceSumSquare", "Softmax", "Sqrt", "Erf")


def to_float16(model: onnx.ModelProto, pixels: np.ndarray) -> onnx.ModelProto:
    """Make a network half as large.

    Args:
        model: In float32. It is changed.
        pixels: uint8 array of shape (n, height, width, 3): numbers that become large on these stay in float32.

    Returns:
        The same inputs and outputs; weights and most of what is between in float16.
    """
    from onnxruntime.transformers import float16
    from onnxruntime.transformers.onnx_model import OnnxModel

    lead, tail = lead_and_tail(model)
    kept = {*lead, *tail, *_reaching(model, _large_tensors(model, pixels))}
    level = float16.logger.level
    float16.logger.setLevel(logging.ERROR)
    try:
        half = float16.convert_float_to_float16(
            model,
            keep_io_types=True,
            op_block_list=[*float16.DEFAULT_OP_BLOCK_LIST, *_WIDE],
            node_block_list=sorted(kept),
        )
    finally:
        float16.logger.setLevel(level)
    OnnxModel.graph_topological_sort(half.graph)
    _take_detours_out(half.graph)
    _store_narrow(half.graph)
    return half


def _take_detours_out(graph: onnx.GraphProto) -> None:
    """Join nodes in float32 that follow each other, between which numbers were made float16 and float32 again."""
    import onnx

    casts = {
        node.output[0]: (node.input[0], node.attribute[0].i)
        for node in graph.node
        if node.op_type == "Cast" and node.attribute[0].i in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
    }
    before = {}
    for output, (narrow, kind) in casts.items():
        wide, back = casts.get(narrow, ("", None))
        if kind == onnx.TensorProto.FLOAT and back == onnx.TensorProto.FLOAT16:
            before[output] = wide
    # What the network gives keeps its name, and so what it is computed as takes that.
    given = {before[each.name]: each.name for each in graph.output if each.name in before}
    for node in graph.node:
        if node.output[0] not in given.values():
            wide = [before.get(name, name) for name in node.input]
            node.input[:] = [given.get(name, name) for name in wide]
            node.output[:] = [given.get(name, name) for name in node.output]
        else:
            node.output[0] = ""
    remove_unused(graph)


def _store_narrow(graph: onnx.GraphProto) -> None:
    """Store large weights of what computes in float32, such as the head, in float16: they are widened when loaded."""
    import numpy as np
    import onnx

    widening = []
    for weights in graph.initializer:
        if weights.data_type != onnx.TensorProto.FLOAT or math.prod(weights.dims) < _MANY:
            continue
        array = onnx.numpy_helper.to_array(weights)
        if np.max(np.abs(array)) <= _LARGE:
            wide, narrow = weights.name, f"{weights.name}_fp16"
            weights.CopyFrom(onnx.numpy_helper.from_array(array.astype(np.float16), narrow))
            widening.append(onnx.helper.make_node("Cast", [narrow], [wide], wide, to=onnx.TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*widening, *nodes])


def _reaching(model: onnx.ModelProto, large: set[str]) -> Iterable[str]:
    """Names of the nodes that read or write some tensors."""
    return (node.name for node in model.graph.node if not large.isdisjoint((*node.input, *node.output)))


def _large_tensors(model: onnx.ModelProto, pixels: np.ndarray) -> set[str]:
    """Names of the tensors in which numbers become large, constants among them."""
    import numpy as np
    import onnx
    from onnxruntime import InferenceSession, SessionOptions

    weights = (each for each in model.graph.initializer if each.data_type == onnx.TensorProto.FLOAT)
    large = {each.name for each in weights if np.max(np.abs(onnx.numpy_helper.to_array(each)), initial=0) > _LARGE}
    measured = onnx.ModelProto()
    measured.CopyFrom(model)
    tensors = _float_tensors(model)
    for tensor in tensors:
        _measure(measured.graph, tensor)
    options = SessionOptions()
    options.log_severity_level = 4
    session = InferenceSession(measured.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for image in pixels:
        _, *highest = session.run(None, {session.get_inputs()[0].name: image[None]})
        large.update(tensor for tensor, high in zip(tensors, highest, strict=True) if not high <= _LARGE)
    return large


def _float_tensors(model: onnx.ModelProto) -> list[str]:
    """Names of what nodes compute in float32, but for the network's output."""
    import onnx

    inferred = with_types(model).graph.value_info
    return [each.name for each in inferred if each.type.tensor_type.elem_type == onnx.TensorProto.FLOAT]


def _measure(graph: onnx.GraphProto, tensor: str) -> None:
    """Add an output: the largest absolute value of a tensor."""
    import onnx

    size, highest = f"{tensor}_size", f"{tensor}_highest"
    graph.node.append(onnx.helper.make_node("Abs", [tensor], [size]))
    graph.node.append(onnx.helper.make_node("ReduceMax", [size], [highest], keepdims=0))
    graph.output.append(onnx.helper.make_tensor_value_info(highest, onnx.TensorProto.FLOAT, []))
