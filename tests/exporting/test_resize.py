"""Exports that resize images themselves."""

import subprocess
import sys

import numpy as np
import pytest

import kerastl
from kerastl.errors import ModelError, UsageError
from kerastl.exporting import EXPORT_FORMATS
from kerastl.exporting._openvino_resize import with_resize
from kerastl.exporting._resize_graph import add_resize
from kerastl.exporting._resize_tensorflow import resized
from kerastl.images import Resize
from kerastl.inference._openvino_engine import import_openvino

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
onnxruntime = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

READERS = [
    Resize(32, 32, "crop", 0.875),
    Resize(24, 40, "crop", 1.0),
    Resize(32, 24, "squash"),
    Resize(32, 32, "pad"),
    Resize(24, 40, "pad"),
    Resize(31, 17, "keras"),
]
SIZES = [(40, 40), (120, 47), (33, 150), (20, 28), (7, 90), (1, 1)]


def photo(height, width, seed=0):
    """Soft shapes with some noise, as in photographs."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 8
    waves = np.stack([np.sin(x + y), np.cos(x), np.sin(y)], -1)
    return np.clip(128 + 90 * waves + random.normal(0, 12, waves.shape), 0, 255).astype(np.uint8)


def in_onnx(reader):
    """The graph that reads images, with nothing behind it."""
    make = onnx.helper
    sides = [make.make_tensor_value_info(name, 2, ["batch", *reader.shape]) for name in ("pixels", "out")]
    graph = make.make_graph([make.make_node("Identity", ["pixels"], ["out"])], "graph", sides[:1], sides[1:])
    model = make.make_model(graph, opset_imports=[make.make_opsetid("", 18)], ir_version=8)
    add_resize(model, reader)
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return lambda pixels: session.run(None, {"pixels": pixels})[0]


def in_tensorflow(reader):
    return lambda pixels: resized(pixels, reader).numpy()


def in_openvino(reader):
    pytest.importorskip("openvino", reason="the extra openvino is not installed")
    openvino = import_openvino()
    pixels = openvino.opset13.parameter([-1, *reader.shape], np.uint8, name="pixels")
    network = with_resize(openvino.Model([openvino.opset13.convert(pixels, np.float32)], [pixels], "nothing"), reader)
    compiled = openvino.Core().compile_model(network, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda pixels: compiled([pixels])[0]


# OpenVINO computes in float32, which takes other neighbors than Pillow's float64.
RUNTIMES = [
    pytest.param(runtime, reader, id=f"{runtime.__name__}-{reader}")
    for runtime in (in_onnx, in_tensorflow, in_openvino)
    for reader in READERS
    if (runtime, reader.policy) != (in_openvino, "keras")
]


@pytest.mark.parametrize(("runtime", "reader"), RUNTIMES)
def test_pixels_are_those_that_kerastl_reads(runtime, reader):
    read = runtime(reader)
    for size in SIZES:
        image = photo(*size)
        found, expected = read(image[None])[0], reader.read(image)
        assert found.shape == expected.shape
        difference = np.abs(found.astype(int) - expected)
        # kerastl computes with 8-bit pixels between the two passes, and shrinks by whole factors first.
        limit, mean = (0, 0) if reader.policy == "keras" else (6, 0.5)
        assert difference.max() <= limit, (size, difference.max())
        assert difference.mean() <= mean, (size, difference.mean())


@pytest.mark.parametrize(("runtime", "reader"), RUNTIMES)
def test_images_of_the_networks_size_stay_as_they_are(runtime, reader):
    images = np.random.default_rng(0).integers(0, 256, (2, *reader.shape), np.uint8)
    np.testing.assert_array_equal(runtime(reader)(images), images)


def test_images_of_one_size_go_in_together():
    reader = Resize(32, 32, "crop", 0.875)
    images = np.stack([photo(50, 60, seed) for seed in range(3)])
    together = in_onnx(reader)(images)
    for image, read in zip(images, together, strict=True):
        np.testing.assert_array_equal(read, in_onnx(reader)(image[None])[0])


@pytest.fixture(scope="module")
def exported(small_conv_model, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    return kerastl.export(small_conv_model, "onnx,savedmodel,openvino", folder, with_resize=True)


@pytest.mark.parametrize("name", ["onnx", "savedmodel", "openvino"])
def test_images_of_any_size_get_the_answers_of_kerastl(exported, small_conv_model, name):
    engine = EXPORT_FORMATS[name].open(exported.files[name])
    classifier = kerastl.load(small_conv_model)
    for size in ((60, 80), (32, 32), (200, 45)):
        image = photo(*size)
        # kerastl would cut a part out of an image of the network's size, too, were the fraction less than 1.
        np.testing.assert_allclose(engine.predict(image[None])[0], classifier.predict_proba([image])[0], atol=5e-3)


def test_the_file_is_a_model_that_kerastl_takes(exported, small_conv_model):
    image = photo(60, 80)
    for name in ("onnx", "openvino"):
        found = kerastl.load(exported.files[name]).classify(image)
        assert found.label == kerastl.load(small_conv_model).classify(image).label


def test_the_example_gives_the_image_as_it_is(exported, image):
    program = exported.output / "example_onnx.py"
    done = subprocess.run([sys.executable, program, image("a.png", "red")], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("red: 1.000\n")
    assert "resize(" not in program.read_text()
    assert "resize(" not in (exported.output / "example_onnx.mjs").read_text()


def test_openvino_does_not_read_as_keras_does():
    with pytest.raises(ModelError, match="OpenVINO cannot repeat to the bit"):
        with_resize(None, Resize(31, 17, "keras"))


def test_formats_that_cannot_say_so(small_conv_model, tmp_path):
    with pytest.raises(UsageError, match="litert takes images of the network's size only"):
        kerastl.export(small_conv_model, "litert", tmp_path, with_resize=True)
