"""Exports to ONNX."""

import json
import subprocess
import sys

import numpy as np
import pytest

import kerastl
from kerastl._base import extras
from kerastl.errors import ModelError
from kerastl.exporting import ExportSource
from kerastl.exporting import _onnx as onnx_format
from kerastl.models import Metadata, resolve

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")
pytest.importorskip("tf2onnx", reason="the extra onnx is not installed")


def colored(count):
    """Images of one color each, which differ."""
    random = np.random.default_rng(0)
    return [np.full((32, 32, 3), color, np.uint8) for color in random.integers(0, 256, (count, 3))]


@pytest.fixture(scope="module")
def exported(small_conv_model, tmp_path_factory):
    """`small_conv_model` in all three formats: the result."""
    folder = tmp_path_factory.mktemp("exported")
    return kerastl.export(small_conv_model, "onnx,onnx-fp16,onnx-int8", folder, calibrate=colored(40))


def network(exported, name):
    return onnx.load(exported.files[name])


def answers(file, pixels):
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return session.run(["probabilities"], {"pixels": np.stack(pixels)})[0]


@pytest.mark.parametrize(("name", "difference"), [("onnx", 1e-4), ("onnx-fp16", 2e-3), ("onnx-int8", 0.05)])
def test_answers_are_those_of_keras(exported, small_conv_model, name, difference):
    pixels = colored(6)
    expected = resolve(small_conv_model).build().predict(np.stack(pixels).astype("float32"), verbose=0)
    assert np.abs(answers(exported.files[name], pixels) - expected).max() < difference


@pytest.mark.parametrize("name", ["onnx", "onnx-fp16", "onnx-int8"])
def test_pixels_go_in_and_probabilities_come_out(exported, name):
    graph = network(exported, name).graph
    (given,), (found,) = graph.input, graph.output
    assert [given.name, found.name] == ["pixels", "probabilities"]
    shapes = [[axis.dim_param or axis.dim_value for axis in side.type.tensor_type.shape.dim] for side in (given, found)]
    assert shapes == [["batch", 32, 32, 3], ["batch", 3]]
    types = [side.type.tensor_type.elem_type for side in (given, found)]
    assert types == [onnx.TensorProto.UINT8, onnx.TensorProto.FLOAT]


@pytest.mark.parametrize("name", ["onnx", "onnx-fp16", "onnx-int8"])
def test_metadata_and_labels_are_inside(exported, small_conv_model, name):
    texts = {each.key: each.value for each in network(exported, name).metadata_props}
    values = json.loads(texts["kerastl"])
    assert values.pop("exported") == {"format": name, "kerastl": kerastl.__version__}
    assert Metadata.from_dict(values) == resolve(small_conv_model).metadata
    assert texts["labels"] == "red\ngreen\nblue\n"
    assert texts["Image.BitmapPixelFormat"] == "Rgb8"


@pytest.mark.parametrize("name", ["onnx", "onnx-fp16", "onnx-int8"])
def test_older_runtimes_take_the_file(exported, name):
    model = network(exported, name)
    assert {each.domain: each.version for each in model.opset_import} == {"": 18}
    assert model.ir_version <= 9  # onnxruntime 1.18 takes up to 10


def test_the_same_model_gives_the_same_file(exported, small_conv_model, tmp_path):
    again = kerastl.export(small_conv_model, "onnx", tmp_path)
    assert again.files["onnx"].read_bytes() == exported.files["onnx"].read_bytes()


def test_the_python_example_runs(exported, image):
    program = exported.output / "example_onnx.py"
    command = [sys.executable, program, image("a.png", (255, 0, 0))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("red: 1.000\n")
    assert "import { readFileSync }" in (exported.output / "example_onnx.mjs").read_text()


def test_nothing_is_printed(small_conv_model, tmp_path):
    code = (
        "import sys, numpy, kerastl\n"
        "colors = [numpy.full((32, 32, 3), (6 * n, 250 - 6 * n, 9), 'uint8') for n in range(40)]\n"
        "kerastl.export(sys.argv[1], 'onnx,onnx-fp16,onnx-int8', sys.argv[2], calibrate=colors, verbose=0)\n"
        "import logging\n"
        "assert not logging.root.handlers and not logging.root.filters"
    )
    done = subprocess.run([sys.executable, "-c", code, small_conv_model, tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_missing_is_said(monkeypatch):
    assert onnx_format.missing() is None
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "tf2onnx" else object())
    assert onnx_format.missing() == "tf2onnx not installed: pip install 'kerastl[onnx]'"


def test_more_than_a_file_can_hold_is_refused(monkeypatch, color_model, tmp_path):
    monkeypatch.setattr(onnx_format, "_LARGEST", 500)
    with pytest.raises(ModelError, match="colors has more than 2 GB of weights"):
        onnx_format.write(ExportSource(resolve(color_model)), tmp_path / "model.onnx")


def test_an_independent_runtime_answers_alike(color_model, tmp_path):
    """The reference implementation of ONNX, which is plain NumPy."""
    from onnx.reference import ReferenceEvaluator

    onnx_format.write(ExportSource(resolve(color_model)), tmp_path / "model.onnx")
    red = np.zeros((1, 32, 32, 3), np.uint8)
    red[..., 0] = 255
    (scores,) = ReferenceEvaluator(str(tmp_path / "model.onnx")).run(None, {"pixels": red})
    # exp(10) / (exp(10) + 2) and 1 / (exp(10) + 2)
    np.testing.assert_allclose(scores, [[0.99990921, 4.5395e-5, 4.5395e-5]], rtol=1e-4)


def test_integers_are_where_the_work_is(exported):
    graph = network(exported, "onnx-int8").graph
    widened = {name for node in graph.node if node.op_type == "DequantizeLinear" for name in node.output}
    for node in graph.node:
        if node.op_type == "Conv":
            assert set(node.input[:2]) <= widened
        if node.op_type in ("MatMul", "Gemm", "Softmax"):
            assert widened.isdisjoint(node.input)
    scales = [node for node in graph.node if node.op_type == "DequantizeLinear" and len(node.attribute)]
    assert len(scales) >= 2  # one scale a channel of each convolution


def test_a_network_without_convolutions_is_not_quantized(color_model, tmp_path):
    with pytest.raises(ModelError, match="no convolutions, which are what 8 bits make faster"):
        kerastl.export(color_model, "onnx-int8", tmp_path, calibrate=colored(40))
