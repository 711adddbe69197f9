"""ONNX networks in half precision."""

import keras
import numpy as np
import pytest
from keras import layers

from kerastl.exporting._onnx_conversion import to_onnx
from kerastl.exporting._onnx_fp16 import to_float16
from kerastl.inference._export import to_litert

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")


@pytest.fixture(scope="module")
def network():
    """A network, and its form in half precision. Between its second and third convolution, numbers go up to 2e5."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input((16, 16, 3))
    x = layers.Conv2D(8, 3, activation="relu")(layers.Rescaling(1 / 255)(pixels))
    x = layers.Conv2D(8, 1, kernel_initializer=keras.initializers.Constant(2e5))(x)
    x = layers.Conv2D(8, 1, kernel_initializer=keras.initializers.RandomNormal(stddev=1e-5))(x)
    x = layers.Conv2D(8, 3, activation="relu")(x)
    scores = layers.Dense(200, activation="softmax", kernel_initializer=keras.initializers.RandomNormal(stddev=9))
    model = keras.Model(pixels, scores(layers.GlobalAveragePooling2D()(x)))
    given = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    return model, to_float16(to_onnx(to_litert(model), "network"), given), given


def test_numbers_beyond_half_precision_stay_in_single(network):
    model, half, pixels = network
    onnx.checker.check_model(half, full_check=True)
    session = onnxruntime.InferenceSession(half.SerializeToString(), providers=["CPUExecutionProvider"])
    (answers,) = session.run(None, {"pixels": pixels})
    expected = model.predict_on_batch(pixels.astype("float32"))
    assert expected.max() > 0.02  # which is more than 1 in 200
    np.testing.assert_allclose(answers, expected, atol=2e-3)


def types(half):
    """The types of what nodes compute, by the type of the node, in the order of computation."""
    inferred = onnx.shape_inference.infer_shapes(half, strict_mode=True).graph
    kinds = {each.name: each.type.tensor_type.elem_type for each in (*inferred.value_info, *inferred.output)}
    return [(node.op_type, kinds[node.output[0]]) for node in inferred.node]


def test_convolutions_are_computed_in_half_precision_and_the_head_in_single(network):
    single, narrow = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
    found = types(network[1])
    # The second writes large numbers, the third reads them.
    assert [kind for name, kind in found if name == "Conv"] == [narrow, single, single, narrow]
    assert {kind for name, kind in found if name in ("ReduceMean", "MatMul", "Softmax")} == {single}


def test_large_weights_are_stored_in_half_precision(network):
    for weights in network[1].graph.initializer:
        array = onnx.numpy_helper.to_array(weights)
        assert array.size < 1024 or array.dtype == np.float16
    assert any(weights.dims == [8, 200] for weights in network[1].graph.initializer)


def test_nothing_becomes_half_and_single_again_on_its_way(network):
    made = {node.output[0]: node for node in network[1].graph.node}
    for node in network[1].graph.node:
        if node.op_type == "Cast" and node.input[0] in made:
            assert made[node.input[0]].op_type != "Cast"
