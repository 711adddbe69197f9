"""Which part of an ONNX network is much work, and what stands before and after it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from kerastl.inference._quantize import LARGE_DENSE

if TYPE_CHECKING:
    import onnx

_CONVOLUTIONS = frozenset({"Conv", "ConvTranspose"})
_PRODUCTS = frozenset({"MatMul", "Gemm"})
# Runtimes melt them into the operation before them.
_ACTIVATIONS = frozenset({"Clip", "Relu"})


def lead_and_tail(graph: onnx.GraphProto) -> tuple[list[str], list[str]]:
    """Names of the nodes before any convolution or large matrix product, and of those after all of them.

    The lead scales pixels, the tail holds pooling, the head and its softmax: little work, and worth float32. The rule
    is that of `kerastl.inference._quantize.split_tail`.

    Args:
        graph: A network in float32, its nodes in the order of computation, each with a name of its own.

    Returns:
        The lead and the tail. Both are empty where nothing is much work.
    """
    constants = {each.name: tuple(each.dims) for each in graph.initializer}
    work = [node for node in graph.node if _is_work(node, constants)]
    if not work:
        return [], []
    results = {name for node in work for name in node.output}
    work += [node for node in graph.node if node.op_type in _ACTIVATIONS and node.input[0] in results]
    names = {node.name for node in work}
    below = {name for node in work for name in node.output}  # tensors that work has gone into
    for node in graph.node:
        if not below.isdisjoint(node.input):
            below.update(node.output)
    needed: set[str] = set()  # tensors that work still needs
    for node in reversed(graph.node):
        if node.name in names or not needed.isdisjoint(node.output):
            needed.update(node.input)
    others = [node for node in graph.node if node.name not in names]
    lead = [node.name for node in others if below.isdisjoint(node.output)]
    tail = [node.name for node in others if needed.isdisjoint(node.output)]
    return lead, tail


def _is_work(node: onnx.NodeProto, constants: dict[str, tuple[int, ...]]) -> bool:
    """Whether a node takes so much time that fewer bits pay: a dense layer on one vector an image only if it is large.

    tf2onnx makes products of more than vectors with weights of the same rank as the features have, or flattens both;
    products of two features, as in attention, have no weights.
    """
    if node.op_type in _CONVOLUTIONS:
        return True
    if node.op_type not in _PRODUCTS:
        return False
    weights = constants.get(node.input[1])
    return weights is None or math.prod(weights) >= LARGE_DENSE
