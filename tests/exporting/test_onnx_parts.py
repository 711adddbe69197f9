"""Which part of an ONNX network is much work."""

import numpy as np
import pytest

from kerastl.exporting._onnx_parts import lead_and_tail

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")


def network(nodes, size, **weights):
    """A network of nodes given as their type, inputs and output, which is also their name."""
    made = [onnx.helper.make_node(kind, given, [output], output) for kind, given, output in nodes]
    side = onnx.helper.make_tensor_value_info("x", 1, size)
    last = onnx.helper.make_tensor_value_info(nodes[-1][2], 1, None)
    constants = [onnx.numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = onnx.helper.make_graph(made, "graph", [side], [last], constants)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])


def zeros(*shape):
    return np.zeros(shape, np.float32)


def test_what_scales_pixels_and_the_head_are_parted_from_convolutions():
    nodes = [
        ("Mul", ["x", "scale"], "scaled"),
        ("Conv", ["scaled", "kernel"], "first"),
        ("Relu", ["first"], "active"),
        ("Conv", ["active", "kernel"], "second"),
        ("Clip", ["second"], "clipped"),
        ("Sigmoid", ["clipped"], "gate"),
        ("Flatten", ["gate"], "flat"),
        ("MatMul", ["flat", "dense"], "logits"),
        ("Softmax", ["logits"], "scores"),
    ]
    model = network(nodes, ["n", 3, 4, 4], scale=zeros(1), kernel=zeros(3, 3, 1, 1), dense=zeros(48, 2))
    assert lead_and_tail(model) == (["scaled"], ["gate", "flat", "logits", "scores"])


def test_a_dense_layer_on_many_vectors_an_image_is_work():
    """tf2onnx makes one of them of all vectors of all images."""
    nodes = [
        ("Reshape", ["x", "shape"], "vectors"),
        ("MatMul", ["vectors", "dense"], "hidden"),
        ("Softmax", ["hidden"], "scores"),
    ]
    weights = {"shape": np.array([-1, 8]), "dense": zeros(8, 2)}
    assert lead_and_tail(network(nodes, ["n", 16, 8], **weights)) == (["vectors"], ["scores"])
    assert lead_and_tail(network(nodes, ["n", 8], **weights)) == ([], ["vectors", "hidden", "scores"])


def test_a_dense_layer_on_one_vector_is_work_if_it_is_large():
    nodes = [("MatMul", ["x", "dense"], "hidden"), ("Softmax", ["hidden"], "scores")]
    large = network(nodes, ["n", 4096], dense=zeros(4096, 2048))
    assert lead_and_tail(large) == ([], ["scores"])
