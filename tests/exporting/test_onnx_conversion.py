"""From LiteRT to ONNX: what tf2onnx does not know, makes wrong or makes slow."""

from collections import Counter

import keras
import numpy as np
import pytest
from keras import layers, ops

from kerastl.errors import ModelError
from kerastl.exporting._onnx_conversion import function_to_onnx, to_onnx
from kerastl.exporting._onnx_graph import remove_unused, unknown_operators
from kerastl.inference._export import to_litert

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")


def classifier(make):
    """A network of 16 x 16 pixels whose answers differ from image to image."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input((16, 16, 3))
    hidden = make(layers.Rescaling(1 / 127.5, -1)(pixels))
    if len(hidden.shape) == 4:
        hidden = layers.GlobalAveragePooling2D()(hidden)
    scores = layers.Dense(4, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=3))
    return keras.Model(pixels, scores(hidden))


def converted(make, convert=lambda model: to_onnx(to_litert(model), "network")):
    """The types of nodes of the network in ONNX, whose answers are compared with those of Keras."""
    model = classifier(make)
    network = convert(model)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    session = onnxruntime.InferenceSession(network.SerializeToString(), providers=["CPUExecutionProvider"])
    (answers,) = session.run(None, {"pixels": pixels})
    np.testing.assert_allclose(answers, model.predict_on_batch(pixels.astype("float32")), atol=1e-5)
    return Counter(node.op_type for node in network.graph.node)


def test_activations():
    def make(x):
        x = layers.Conv2D(4, 3, activation="gelu")(x)
        x = keras.activations.gelu(layers.Conv2D(4, 3)(x), approximate=True)
        return layers.Conv2D(4, 3, activation="hard_tanh", kernel_initializer="random_normal")(3 * x)

    found = converted(make)
    assert (found["Erf"], found["Tanh"], found["Clip"]) == (1, 1, 1)


def test_mirrored_images_are_read_backwards():
    assert "ReverseSequence" not in converted(lambda x: layers.Conv2D(4, 3)(ops.flip(x, axis=2)))


def test_nearest_neighbors_are_those_of_tensorflow():
    # At (20 + 0.5) * 16 / 41 = 8 it takes pixel 7, since it computes 7.9999995.
    found = converted(lambda x: layers.Flatten()(layers.Resizing(41, 25, interpolation="nearest")(x)))
    assert found["Gather"] == 2


def test_a_small_transformer():
    def make(x):
        tokens = layers.Reshape((-1, 8))(layers.Conv2D(8, 4, strides=4)(x))
        normal = layers.LayerNormalization(epsilon=1e-6)(tokens)
        tokens = tokens + layers.MultiHeadAttention(2, 4)(normal, normal)
        return layers.GlobalAveragePooling1D()(layers.Dense(8, activation="gelu")(tokens))

    found = converted(make)
    assert "Shape" not in found  # shapes are constants but for the batch


def test_convolutions_of_every_kind():
    def make(x):
        x = layers.SeparableConv2D(8, 3, depth_multiplier=2, padding="same")(x)
        x = layers.Conv2D(8, 3, groups=4, padding="same", activation="relu6")(x)
        x = layers.DepthwiseConv2D(3, strides=2)(layers.ZeroPadding2D(((0, 1), (1, 0)))(x))
        x = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(x)
        return layers.AveragePooling2D(3, strides=2, padding="same")(layers.UpSampling2D(2)(x))

    converted(make)


def test_networks_that_litert_cannot_hold():
    def make(x):
        rows = layers.Reshape((16, -1))(
            ops.roll(layers.Normalization(mean=[0.1] * 3, variance=[0.3] * 3)(x), 3, axis=1)
        )
        return layers.LSTM(6)(ops.erf(rows))

    found = converted(make, lambda model: function_to_onnx(model, "network"))
    assert found["LSTM"] == found["Erf"] == 1


def test_tf2onnx_is_left_as_it_was():
    from tf2onnx.graph import Node
    from tf2onnx.tflite_handlers import tfl_math, tfl_nn

    names = ((Node, "update_proto"), (tfl_math, "separate_fused_activation_function"))
    before = [getattr(*name) for name in names]
    with pytest.raises(ModelError):
        to_onnx(b"no flatbuffer", "the model")
    assert [getattr(*name) for name in names] == before
    assert tfl_nn.separate_fused_activation_function is before[1]


def test_what_is_no_network_is_refused():
    with pytest.raises(ModelError, match="the model cannot become ONNX"):
        to_onnx(b"no flatbuffer", "the model")


def test_operators_that_onnx_does_not_define_are_named():
    nodes = [onnx.helper.make_node(kind, ["a"], [kind]) for kind in ("Relu", "TFL_ODD", "Softmax")]
    graph = onnx.helper.make_graph(nodes, "graph", [], [])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 18)])
    assert unknown_operators(model) == ["TFL_ODD"]


def test_what_a_branch_reads_is_kept():
    """The graph inside a node reads what stands around it by its name."""
    make = onnx.helper.make_node
    inner = onnx.helper.make_graph([make("Identity", ["b"], ["c"])], "inner", [], [])
    nodes = [make("Relu", ["a"], ["b"]), make("Relu", ["a"], ["unused"])]
    nodes.append(make("If", ["a"], ["out"], then_branch=inner, else_branch=inner))
    graph = onnx.helper.make_graph(nodes, "graph", [], [onnx.helper.make_tensor_value_info("out", 1, None)])
    remove_unused(graph)
    assert [list(node.output) for node in graph.node] == [["b"], ["out"]]
