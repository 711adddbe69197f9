"""Reading images of any size as part of an ONNX network: crop, squash or pad, with antialiased bicubic resizing.

The filter is linear along each axis, so that the small image is A · image · B, with two matrices that depend on the
size of the image: a row of A holds what the filter takes of each row of the image. They are computed in the graph, with
operators that every runtime has. ONNX's own `Resize` knows no antialiased regions that begin between two pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastl.exporting._onnx_graph import BATCH, INPUT
from kerastl.images import Resize
from kerastl.images._resizing import ResizePolicy

if TYPE_CHECKING:
    import onnx

_SMALL = "resized_pixels"
_SIDES = ("height", "width")
_UINT8, _FLOAT, _INT64, _DOUBLE = 2, 1, 7, 11  # of ONNX's types


def add_resize(model: onnx.ModelProto, resize: Resize) -> None:
    """Let a network take images of any size, in place.

    An image that has the network's size already goes in as it is.

    Args:
        model: It takes `pixels`, uint8 of shape (batch, resize.height, resize.width, 3). Afterwards that is
            (batch, height, width, 3), and all images of a batch have one size.
        resize: What it does to an image. With the policy `"keras"` it takes nearest neighbors.
    """
    import onnx

    for node in model.graph.node:
        node.input[:] = [_SMALL if name == INPUT else name for name in node.input]
    nodes = _Nodes()
    (_nearest if resize.policy == "keras" else _bicubic)(nodes, resize)
    network = list(model.graph.node)
    del model.graph.node[:], model.graph.input[:]
    model.graph.node.extend([*nodes.made, *network])
    model.graph.initializer.extend(nodes.constants)
    shape = [BATCH, *_SIDES, 3]
    model.graph.input.append(onnx.helper.make_tensor_value_info(INPUT, onnx.TensorProto.UINT8, shape))


class _Nodes:
    """Nodes in the order of computation, and the constants that they read."""

    def __init__(self) -> None:
        self.made: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: Any, name: str | None = None, **attributes: Any) -> str:
        """Add a node.

        Args:
            kind: The operator.
            inputs: Names of tensors, numbers, or lists of numbers.
            name: Of its output.
            attributes: Its own.

        Returns:
            The name of its output.
        """
        import onnx

        output = name or f"resize_{len(self.made)}_{kind.lower()}"
        names = [each if isinstance(each, str) else self.number(each) for each in inputs]
        self.made.append(onnx.helper.make_node(kind, names, [output], output, **attributes))
        return output

    def number(self, value: Any) -> str:
        """Add a number, or a list of numbers, and give its name: float32, or int64 where it is whole."""
        import numpy as np
        import onnx

        array = np.asarray(value)
        array = array.astype(np.float32 if array.dtype.kind == "f" else np.int64)
        name = f"resize_constant_{len(self.constants)}"
        self.constants.append(onnx.numpy_helper.from_array(array, name))
        return name


@dataclass(frozen=True)
class _Axis:
    """How rows or columns of the image become those of the result; names of numbers in the graph, but for `wanted`.

    Args:
        size: How many the image has.
        start: Where the region begins that is shown.
        step: How many of the image one of the result stands for.
        offset: How many of the result stand before the region.
        fitted: How many it takes.
        wanted: How many the result has.
    """

    size: str
    start: str
    step: str
    offset: str
    fitted: str
    wanted: int


def _bicubic(nodes: _Nodes, resize: Resize) -> None:
    add = nodes.add
    down, across = (_matrix(nodes, axis) for axis in _AXES[resize.policy](nodes, resize))
    # A product takes one axis of three: columns and channels are one here, then columns stand at the end.
    rows = add("Reshape", add("Cast", INPUT, to=_FLOAT), [0, 0, -1])
    rows = add("Reshape", _rounded(nodes, add("MatMul", down, rows)), [0, 0, -1, 3])
    columns = add("MatMul", add("Transpose", rows, perm=[0, 1, 3, 2]), add("Transpose", across, perm=[1, 0]))
    small = _rounded(nodes, add("Transpose", columns, perm=[0, 1, 3, 2]))
    add("Cast", small, name=_SMALL, to=_UINT8)


def _rounded(nodes: _Nodes, values: str) -> str:
    """To whole numbers from 0 to 255, as pixels are after each of the two passes."""
    return nodes.add("Clip", nodes.add("Floor", nodes.add("Add", values, 0.5)), 0.0, 255.0)


def _matrix(nodes: _Nodes, axis: _Axis) -> str:
    """What the result takes of the image: (wanted, size), each row with the sum 1, or 0 outside of the region."""
    add = nodes.add
    number = add("Sub", [[float(n)] for n in range(axis.wanted)], axis.offset)
    center = add("Add", axis.start, add("Mul", add("Add", number, 0.5), axis.step))
    places = add("Add", add("Range", 0.0, axis.size, 1.0), 0.5)
    # Wider where the image shrinks, so that nothing aliases.
    distance = add("Abs", add("Div", add("Sub", places, center), add("Max", axis.step, 1.0)))
    weights = _keys(nodes, distance)
    weights = add("Div", weights, add("ReduceSum", weights, [1], keepdims=1))
    inside = add("And", add("GreaterOrEqual", number, 0.0), add("Less", number, axis.fitted))
    return add("Where", inside, weights, 0.0)


def _keys(nodes: _Nodes, x: str) -> str:
    """The cubic of Keys 1981 with a = -0.5: 1.5 x³ - 2.5 x² + 1 up to 1, -0.5 x³ + 2.5 x² - 4 x + 2 from there to 2."""
    add = nodes.add
    squared = add("Mul", x, x)
    near = add("Add", add("Mul", add("Sub", add("Mul", x, 1.5), 2.5), squared), 1.0)
    far = add("Add", add("Mul", add("Sub", add("Mul", add("Sub", 2.5, add("Mul", x, 0.5)), x), 4.0), x), 2.0)
    return add("Where", add("Less", x, 1.0), near, add("Where", add("Less", x, 2.0), far, 0.0))


def _sizes(nodes: _Nodes) -> tuple[str, str]:
    """Height and width of the image."""
    shape = nodes.add("Shape", INPUT)
    height, width = (nodes.add("Cast", nodes.add("Gather", shape, axis), to=_FLOAT) for axis in (1, 2))
    return height, width


def _crop(nodes: _Nodes, resize: Resize) -> list[_Axis]:
    """The largest centered region with the result's proportions, shrunk to a fraction."""
    add, sizes, wanted = nodes.add, _sizes(nodes), (resize.height, resize.width)
    ratios = [add("Div", size, float(side)) for size, side in zip(sizes, wanted, strict=True)]
    as_it_is = add("And", *(add("Equal", ratio, 1.0) for ratio in ratios))
    step = add("Mul", add("Min", *ratios), add("Where", as_it_is, 1.0, resize.crop_fraction))
    axes = []
    for size, side in zip(sizes, wanted, strict=True):
        start = add("Mul", add("Sub", size, add("Mul", step, float(side))), 0.5)
        axes.append(_Axis(size, start, step, nodes.number(0.0), nodes.number(float(side)), side))
    return axes


def _squash(nodes: _Nodes, resize: Resize) -> list[_Axis]:
    """The whole image."""
    zero = nodes.number(0.0)
    return [
        _Axis(size, zero, nodes.add("Div", size, float(side)), zero, nodes.number(float(side)), side)
        for size, side in zip(_sizes(nodes), (resize.height, resize.width), strict=True)
    ]


def _pad(nodes: _Nodes, resize: Resize) -> list[_Axis]:
    """The whole image, as large as it fits in with its proportions, in the middle."""
    add, sizes, wanted = nodes.add, _sizes(nodes), (resize.height, resize.width)
    scale = add("Min", *(add("Div", float(side), size) for size, side in zip(sizes, wanted, strict=True)))
    axes = []
    for size, side in zip(sizes, wanted, strict=True):
        fitted = add("Max", add("Round", add("Mul", size, scale)), 1.0)
        offset = add("Floor", add("Mul", add("Sub", float(side), fitted), 0.5))
        axes.append(_Axis(size, nodes.number(0.0), add("Div", size, fitted), offset, fitted, side))
    return axes


def _nearest(nodes: _Nodes, resize: Resize) -> None:
    """The pixel in the middle of each region that becomes one, as Pillow takes it.

    Pillow adds up steps in float64, and what that rounds decides where a middle lies between two pixels.
    """
    add, image, shape = nodes.add, INPUT, nodes.add("Shape", INPUT)
    for axis, side in ((1, resize.height), (2, resize.width)):
        step = add("Div", add("Cast", add("Gather", shape, axis), to=_DOUBLE), add("Cast", side, to=_DOUBLE))
        steps = add("Mul", add("Cast", [0.5] + [1.0] * (side - 1), to=_DOUBLE), step)
        places = add("Cast", add("CumSum", steps, 0), to=_INT64)
        image = add("Gather", image, places, name=_SMALL if axis == 2 else None, axis=axis)


_AXES: Mapping[ResizePolicy, Callable[[_Nodes, Resize], list[_Axis]]] = {
    "crop": _crop,
    "squash": _squash,
    "pad": _pad,
}
