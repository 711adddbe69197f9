"""Which part of an ONNX network is much work, and what stands before and after it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from kerastl.exporting._onnx_graph import with_types
from kerastl.inference._float_tail import Operation, is_dense_work, split_operations

if TYPE_CHECKING:
    import onnx

_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
_PRODUCTS = frozenset({"MatMul", "Gemm"})
# Runtimes melt them into the operation before them.
_ACTIVATIONS = frozenset({"Clip", "Relu"})


def lead_and_tail(model: onnx.ModelProto) -> tuple[list[str], list[str]]:
    """Names of the nodes before any convolution or large matrix product, and of those after all of them.

    The lead scales pixels, the tail is that of `kerastl.inference._float_tail`: little work, and worth float32.

    Args:
        model: A network in float32, its nodes in the order of computation, each with a name of its own.

    Returns:
        The lead and the tail. Where nothing is much work, the lead is empty, and the tail is the whole network.
    """
    shapes = _shapes(with_types(model).graph)
    reshaped = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Reshape"}
    operations = []
    results: set[str] = set()  # of work
    for node in model.graph.node:
        is_work = _is_work(node, shapes, reshaped) or (node.op_type in _ACTIVATIONS and node.input[0] in results)
        operations.append(Operation(list(node.input), list(node.output), is_work))
        if is_work:
            results.update(node.output)
    tail = {name for each in split_operations(operations)[0] for name in each.outputs}
    below: set[str] = set()  # tensors that work has gone into
    lead = []
    for node, operation in zip(model.graph.node, operations, strict=True):
        if operation.is_work or not below.isdisjoint(node.input):
            below.update(node.output)
        elif node.output[0] not in tail:
            lead.append(node.name)
    return lead, [node.name for node in model.graph.node if node.output[0] in tail]


def _shapes(graph: onnx.GraphProto) -> dict[str, tuple[int, ...]]:
    """The shapes of tensors, so far as they are known; what is free is 0."""
    found = {each.name: tuple(each.dims) for each in graph.initializer}
    for each in (*graph.input, *graph.value_info, *graph.output):
        found[each.name] = tuple(axis.dim_value for axis in each.type.tensor_type.shape.dim)
    return found


def _is_work(node: onnx.NodeProto, shapes: Mapping[str, tuple[int, ...]], reshaped: Mapping[str, str]) -> bool:
    """Whether a node takes so much time that fewer bits pay."""
    if node.op_type not in _PRODUCTS:
        return node.op_type in _CONVOLUTIONS
    given, weights = (shapes.get(name, ()) for name in node.input[:2])
    before = shapes.get(reshaped.get(node.input[0], ""), ())
    # A dense layer on many vectors an image, such as tokens, stands as one on a larger batch.
    if len(given) == 2 and before[-1:] == weights[:1] and math.prod(before[1:-1]) > 1:
        given = before
    return is_dense_work(len(given), math.prod(weights))
