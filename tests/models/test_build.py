import json
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from families import QUICK_SIZES, SMALLEST

from kerastl._base.registry import resolve_reference
from kerastl.errors import ModelError, UsageError, WeightsError
from kerastl.models import _build
from kerastl.models._registry import BACKBONES
from kerastl.testing import check_backbone

keras = pytest.importorskip("keras")

OF_KERAS = {name for name in SMALLEST if BACKBONES[name].library == "keras.applications"}


def random_pixels(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype("float32")


@pytest.fixture(scope="module")
def small():
    """Small networks without their heads and with random weights that are always the same, built once."""
    built = {}

    def get(name):
        if name not in built:
            keras.utils.set_random_seed(1)
            built[name] = _build.build(name, weights=None, include_top=False, input_size=QUICK_SIZES[name])
        return built[name]

    return get


@pytest.mark.parametrize(
    "name", [row.name for row in BACKBONES.usable() if row.arguments.get("alpha", 1.0) == 1.0 and not row.bundled]
)
def test_scaling_equals_the_backbones_own(name):
    row = BACKBONES[name]
    pixels = random_pixels(2, 9, 7, 3)
    inputs = keras.Input((9, 7, 3))
    outputs = _build.preprocess(inputs, row.input_scaling)
    ours = pixels if outputs is inputs else np.asarray(keras.Model(inputs, outputs)(pixels))
    theirs = resolve_reference(row.preprocess_input)(pixels.copy())
    if row.input_scaling in ("caffe", "inside"):
        np.testing.assert_array_equal(ours, theirs)
    else:
        # Two roundings of numbers up to 1 ("tf") and up to 4.4 before the mean is taken off ("torch").
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-7)


def test_scaling_of_one_red_pixel():
    red = np.array([255, 0, 0], "float32").reshape(1, 1, 1, 3)
    assert np.asarray(_build.preprocess(red, "caffe")).ravel() == pytest.approx([-103.939, -116.779, 131.32])
    assert np.asarray(_build.preprocess(red, "tf")).ravel() == pytest.approx([1, -1, -1])
    torch = [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    assert np.asarray(_build.preprocess(red, "torch")).ravel() == pytest.approx(torch)
    assert _build.preprocess(red, "inside") is red


@pytest.mark.parametrize("name", sorted(OF_KERAS))
def test_equals_plain_keras(small, name):
    row, size = BACKBONES[name], QUICK_SIZES[name]
    ours = small(name)
    keras.utils.set_random_seed(1)  # the same initial weights
    plain = getattr(keras.applications, row.constructor)(
        weights=None, include_top=False, input_shape=(size, size, 3), **row.arguments
    )
    pixels = random_pixels(2, size, size, 3)
    scaled = resolve_reference(row.preprocess_input)(pixels.copy())
    expected = np.asarray(plain(scaled))
    assert expected.std() > 0
    np.testing.assert_allclose(np.asarray(ours(pixels)), expected, rtol=1e-4, atol=1e-5 * abs(expected).max())


@pytest.mark.parametrize("name", SMALLEST)
def test_flat_and_named_as_in_keras(small, name):
    model = small(name)
    size = QUICK_SIZES[name]
    assert model.input_shape == (None, size, size, 3)
    assert len(model.output_shape) == 4
    # ConvNeXt's own stem and downsampling are small Sequential models; nothing else is nested.
    nested = [layer for layer in model.layers if isinstance(layer, keras.Model)]
    assert all(layer.name.startswith(f"{name}_") for layer in nested)
    assert bool(nested) == name.startswith("convnext")


@pytest.mark.parametrize("name", SMALLEST)
def test_all_that_fine_tuning_relies_on(name):
    check_backbone(name, input_size=QUICK_SIZES[name], include_top=BACKBONES[name].parameters < 4_000_000)


@pytest.mark.parametrize("name", SMALLEST)
def test_one_tensor_crosses_a_boundary(small, name):
    """But for NASNet, whose cells read the two cells before them."""
    model, row = small(name), BACKBONES[name]
    for stage in row.stages[:-1]:
        tensors = _build.boundary_tensors(model, row, stage.name)
        assert 1 <= len(tensors) <= (3 if name == "nasnet_mobile" else 1)


def test_boundary_of_the_lowest_stage_is_the_input(small):
    model = small("mobilenet_025")
    assert _build.boundary_tensors(model, BACKBONES["mobilenet_025"], "stem") == model.inputs


def test_block_13_of_mobilenet_v2(small):
    """The boundary from which the last blocks are fine-tuned: it takes what block 12 adds up."""
    model, row = small("mobilenet_v2_035"), BACKBONES["mobilenet_v2_035"]
    (tensor,) = _build.boundary_tensors(model, row, "block_13")
    assert tensor is model.get_layer("block_12_add").output
    stages = _build.stages(model, row)
    assert stages["block_13"][0].name == "block_13_expand"
    assert stages["block_16"][-1].name == "out_relu"
    assert stages["head"] == []


@pytest.mark.parametrize("name", ["convnext_tiny", "inception_v3", "mobilenet_v3_small", "efficientnet_b0"])
def test_stages_of_a_saved_network_with_a_new_head(small, name, tmp_path):
    """Keras numbers unnamed layers anew when it loads; the stages must not depend on that."""
    model, row = small(name), BACKBONES[name]
    pooled = keras.layers.GlobalAveragePooling2D()(model.output)
    scores = keras.layers.Dense(5, name="flowers")(keras.layers.Dropout(0.2)(pooled))
    keras.Model(model.input, scores).save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    before, after = _build.stages(model, row), _build.stages(loaded, row)
    assert after["head"][-1].name == "flowers"
    for stage in list(before)[1:]:
        assert [type(layer) for layer in after[stage]] == [type(layer) for layer in before[stage]]
        assert [w.shape for x in after[stage] for w in x.weights] == [w.shape for x in before[stage] for w in x.weights]


def test_stages_of_another_network(small):
    with pytest.raises(ModelError, match="has no layer 'conv5_block3_out': it is not a resnet50"):
        _build.stages(small("mobilenet_025"), BACKBONES["resnet50"])


def test_with_the_head():
    model = _build.build("mobilenet_025", weights=None, input_size=64)
    row = BACKBONES["mobilenet_025"]
    assert model.output_shape == (None, 1000)
    assert np.asarray(model(random_pixels(1, 64, 64, 3))).sum() == pytest.approx(1, abs=1e-5)
    head = _build.stages(model, row)["head"]
    assert [layer.name for layer in head if layer.weights] == ["conv_preds"]
    (tensor,) = _build.boundary_tensors(model, row, "head")
    assert tensor is model.get_layer("conv_pw_13_relu").output


PLAIN_KERAS = """
import sys, json
import numpy as np, keras
model = keras.models.load_model(sys.argv[1])
assert not any(name.startswith("kerastl") for name in sys.modules)
print(json.dumps(np.asarray(model(np.load(sys.argv[2]))).ravel().tolist()))
"""


@pytest.mark.parametrize("name", ["vgg16", "convnext_tiny"])
def test_saved_networks_load_in_plain_keras(small, name, tmp_path):
    """No custom object, no Lambda: what is saved loads where kerastl is not installed."""
    model = small(name)
    model.save(tmp_path / "m.keras")
    pixels = random_pixels(1, QUICK_SIZES[name], QUICK_SIZES[name], 3)
    np.save(tmp_path / "pixels.npy", pixels)
    # An empty folder as working directory, so that kerastl cannot be imported by chance from the repository.
    done = subprocess.run(
        [sys.executable, "-c", PLAIN_KERAS, tmp_path / "m.keras", tmp_path / "pixels.npy"],
        capture_output=True, text=True, cwd=tmp_path, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    np.testing.assert_allclose(json.loads(done.stdout), np.asarray(model(pixels)).ravel(), rtol=1e-5, atol=1e-6)
    with zipfile.ZipFile(tmp_path / "m.keras") as saved:
        assert "Lambda" not in saved.read("config.json").decode()


@pytest.mark.parametrize("name", ["mobilenet_025", "mobilenet_v2"])
def test_imagenet_weights_as_plain_keras_loads_them(keras_home, monkeypatch, name):
    monkeypatch.setenv("KERAS_HOME", str(keras_home))
    row = BACKBONES[name]
    model = _build.build(name)
    file = keras_home / "models" / row.weights.file
    plain = getattr(keras.applications, row.constructor)(weights=str(file), **row.arguments)
    pixels = random_pixels(2, 224, 224, 3)
    scaled = resolve_reference(row.preprocess_input)(pixels.copy())
    np.testing.assert_allclose(np.asarray(model(pixels)), np.asarray(plain(scaled)), rtol=0, atol=1e-5)


def test_imagenet_weights_without_the_head_at_another_size(keras_home, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(keras_home))
    # 100 px has no weights of its own, so those of 224 px serve; Keras would warn about it.
    model = _build.build("mobilenet_025", include_top=False, input_size=(100, 132))
    assert model.output_shape == (None, 3, 4, 256)


def test_broken_weights_are_named_before_anything_is_loaded(monkeypatch, tmp_path):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "models").mkdir()
    file = tmp_path / "models" / "mobilenet_2_5_224_tf.h5"
    file.write_bytes(b"\x89HDF\r\n\x1a\n and no more")
    with pytest.raises(WeightsError, match=r"mobilenet_2_5_224_tf\.h5: broken weights file"):
        _build.build("mobilenet_025")
    assert file.exists()


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras"])
def test_weights_from_a_file(small, tmp_path, suffix):
    model = small("mobilenet_025")
    path = tmp_path / f"mine{suffix}"
    (model.save_weights if suffix == ".weights.h5" else model.save)(path)
    again = _build.build("mobilenet_025", weights=path, include_top=False, input_size=32)
    pixels = random_pixels(1, 32, 32, 3)
    np.testing.assert_array_equal(np.asarray(again(pixels)), np.asarray(model(pixels)))


def test_weights_that_do_not_fit(small, tmp_path):
    small("mobilenet_025").save_weights(tmp_path / "narrow.weights.h5")
    with pytest.raises(WeightsError, match=r"narrow\.weights\.h5: these weights do not fit mobilenet_050 \("):
        _build.build("mobilenet_050", weights=tmp_path / "narrow.weights.h5", include_top=False, input_size=32)
    with pytest.raises(WeightsError, match="no such weights file"):
        _build.build("mobilenet_050", weights=tmp_path / "none.h5")


def test_efficientnets_scaling_is_completed():
    """As Keras does with ImageNet weights: a further division by the root of the standard deviations."""
    model = _build.build("efficientnet_b0", weights=None, include_top=False, input_size=32)
    layer = next(layer for layer in model.layers if isinstance(layer, keras.layers.Normalization))
    mean, variance = np.float32([0.5, 0.4, 0.3]), np.float32([0.2, 0.3, 0.4])
    layer.set_weights([mean, variance, np.zeros(())])
    layer.finalize_state()
    _build.complete_efficientnet_scaling(model)
    scaled = keras.Model(model.input, layer.output)
    pixels = random_pixels(1, 32, 32, 3)
    expected = (pixels / 255 - mean) / np.sqrt(variance) / np.sqrt([0.229, 0.224, 0.225])
    np.testing.assert_allclose(np.asarray(scaled(pixels)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "include_top", "size", "message"),
    [
        ("xception", False, 70, "xception takes images of at least 71 px, not 70 x 70"),
        ("vgg16", True, 192, "vgg16 with its ImageNet head takes 224 x 224 px only, not 192 x 192"),
        ("resnet5", True, None, "unknown model 'resnet5', did you mean resnet50"),
    ],
)
def test_what_cannot_be_built(name, include_top, size, message):
    with pytest.raises(UsageError, match=message):
        _build.build(name, weights=None, include_top=include_top, input_size=size)


def test_channels_first_is_refused(monkeypatch):
    monkeypatch.setattr(keras.config, "image_data_format", lambda: "channels_first")
    with pytest.raises(UsageError, match="channels_first"):
        _build.build("mobilenet_025", weights=None)
