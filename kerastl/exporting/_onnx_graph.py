"""An ONNX graph as kerastl hands it out: names that say what they are, standard operators, nothing that is not used."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx

INPUT, OUTPUT, BATCH = "pixels", "probabilities", "batch"
"""The names of what goes in, of what comes out, and of the axis of both that is free."""
# Shapes are computed from constants of no more numbers.
_SMALL = 1024
# What tf2onnx puts behind names, counting all that it has ever converted in this process.
_COUNTED = re.compile(r"__\d+(:0)?$")


def unknown_operators(model: onnx.ModelProto) -> list[str]:
    """Types of nodes that ONNX does not define, such as those that tf2onnx had no translation for."""
    import onnx

    version = next(each.version for each in model.opset_import if each.domain == "")
    return sorted({node.op_type for node in model.graph.node if not onnx.defs.has(node.op_type, version, "")})


def tidy(model: onnx.ModelProto) -> None:
    """Clean up a graph that tf2onnx made, in place: one input, one output, both with the batch as first axis."""
    graph = model.graph
    _name_sides(graph)
    _fix_shapes(model)
    remove_unused(graph)
    _rename(graph)
    graph.name, graph.doc_string = "network", ""
    kept = [each for each in model.opset_import if each.domain == ""]
    del model.opset_import[:]
    model.opset_import.extend(kept)


def with_types(model: onnx.ModelProto) -> onnx.ModelProto:
    """A network without its large weights, with types and shapes of all that it computes, so far as they are known."""
    import onnx

    found = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    found.graph.name = model.graph.name
    found.graph.node.extend(model.graph.node)
    found.graph.input.extend(model.graph.input)
    found.graph.output.extend(model.graph.output)
    for each in model.graph.initializer:
        if math.prod(each.dims) <= _SMALL:
            found.graph.initializer.append(each)
        else:
            found.graph.input.append(onnx.helper.make_tensor_value_info(each.name, each.data_type, each.dims))
    return onnx.shape_inference.infer_shapes(found, data_prop=True)


def remove_unused(graph: onnx.GraphProto) -> None:
    """Remove nodes and constants that no output needs."""
    needed = {each.name for each in graph.output}
    kept = []
    for node in reversed(graph.node):
        if not needed.isdisjoint(node.output):
            needed.update(*(each.input for each in _with_inner(node)))
            needed.update(*(each.output for each in _with_inner(node)))
            kept.append(node)
    constants = [each for each in graph.initializer if each.name in needed]
    del graph.node[:]
    graph.node.extend(reversed(kept))
    del graph.initializer[:]
    graph.initializer.extend(constants)


def _name_sides(graph: onnx.GraphProto) -> None:
    """Name the free axis of the input and of the output."""
    for side in (*graph.input, *graph.output):
        first = side.type.tensor_type.shape.dim[0]
        first.Clear()
        first.dim_param = BATCH
    del graph.value_info[:]


def _fix_shapes(model: onnx.ModelProto) -> None:
    """Give each Reshape whose result is free along one axis a constant shape, in place of one that is computed."""
    import numpy as np
    import onnx

    inferred = with_types(model).graph
    shapes = {each.name: each.type.tensor_type.shape for each in (*inferred.value_info, *inferred.output)}
    constants = {each.name for each in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "Reshape" or node.input[1] in constants or node.output[0] not in shapes:
            continue
        sizes = [axis.dim_value or -1 for axis in shapes[node.output[0]].dim]
        if sizes.count(-1) == 1:
            name = f"{node.output[0]}_shape"
            model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(sizes, np.int64), name))
            node.input[1] = name


def _rename(graph: onnx.GraphProto) -> None:
    """Name the input, the output, and all between by what they are: the same each time, as is the order of constants.

    Of tf2onnx, constants have names and an order that change from process to process.
    """
    names = {graph.input[0].name: INPUT, graph.output[0].name: OUTPUT}
    taken = {INPUT, OUTPUT}
    for node in graph.node:
        for old in node.output:
            if old and old not in names:
                names[old] = _free(_COUNTED.sub("", old), taken)
                taken.add(names[old])
    constants = {each.name: each for each in graph.initializer}
    ordered = []
    for node in graph.node:
        for old in (name for inner in _with_inner(node) for name in inner.input):
            if old in constants:
                names[old] = _free(f"{names[node.output[0]]}_constant", taken)
                taken.add(names[old])
                ordered.append(constants.pop(old))
    del graph.initializer[:]
    graph.initializer.extend(ordered)
    for side in (*graph.input, *graph.output, *graph.initializer):
        side.name = names[side.name]
    called: set[str] = set()
    for node in graph.node:
        for inner in _with_inner(node):
            inner.input[:] = [names.get(each, each) for each in inner.input]
        node.output[:] = [names[each] if each else each for each in node.output]
        node.name = _free(node.output[0], called)
        called.add(node.name)


def _with_inner(node: onnx.NodeProto) -> Iterator[onnx.NodeProto]:
    """A node, and those of the graphs inside it, as of a loop, which read what stands around them by its name."""
    yield node
    for attribute in node.attribute:
        for graph in (attribute.g, *attribute.graphs):
            for inner in graph.node:
                yield from _with_inner(inner)


def _free(name: str, taken: set[str]) -> str:
    """The name, or the name with the first number that makes it one of its own."""
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
