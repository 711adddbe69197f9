"""Grad-CAM for every family of the catalog, and for MobileNetV2 with its real weights."""

from pathlib import Path

import numpy as np
import pytest
from families import SMALLEST
from PIL import Image
from scipy.stats import spearmanr

import kerastl
from kerastl.explaining import Explainer
from kerastl.models import _build
from kerastl.models._registry import BACKBONES

keras = pytest.importorskip("keras")

DATA = Path(__file__).parents[2] / "data"
# A size at which the smallest member of each family has a map of more than one place.
SIZES = {"vgg16": 32, "kerastl_mini": 32, "xception": 71, "inception_v3": 107, "inception_resnet_v2": 107}
MEMBERS = {name: SIZES.get(name, 64) for name in SMALLEST}
# Heads that are more than a mean and a linear layer.
OTHER_HEADS = {"mobilenet_025", "mobilenet_v3_small", "convnext_tiny"}


def built(name):
    """With its ImageNet head and random weights; VGG, whose head fits its full size only, as it is fine-tuned."""
    keras.utils.set_random_seed(0)
    if name != "vgg16":
        return _build.build(name, weights=None, input_size=MEMBERS[name])
    model = _build.build(name, weights=None, include_top=False, input_size=MEMBERS[name])
    pooled = keras.layers.GlobalAveragePooling2D()(model.outputs[0])
    return keras.Model(model.inputs[0], keras.layers.Dense(5, activation="softmax")(pooled))


@pytest.mark.parametrize("name", MEMBERS)
def test_gradcam_of_every_family(name):
    model, size = built(name), MEMBERS[name]
    pixels = np.random.default_rng(1).integers(0, 256, (size, size, 3)).astype(np.uint8)
    explainer = Explainer(lambda: model, lambda _: None)
    maps = [explainer.explain(pixels, index) for index in range(3)]

    # The map has the size of the backbone's last one; for VGG, of the one before its last pooling.
    lower = explainer.feature_gradient[0]
    boundary = _build.boundary_tensors(model, BACKBONES[name], "head")[-1]
    rows = boundary.shape[1] * (2 if name == "vgg16" else 1)
    assert lower.output_shape == (None, rows, rows, boundary.shape[3])
    assert rows > 1

    features = lower.predict_on_batch(pixels[None].astype("float32"))[0]
    for index, values in enumerate(maps):
        assert values.shape == (size, size)
        assert values.dtype == np.float32
        assert values.min() >= 0
        assert values.max() in (0, 1)
        if name not in OTHER_HEADS | {"vgg16"}:
            # Behind a mean and a linear layer, Grad-CAM is CAM (Zhou et al. 2016): the layer's own weights.
            weights = model.layers[-1].get_weights()[0][:, index]
            cam = Image.fromarray(np.maximum(features @ weights, 0)).resize((size, size), Image.Resampling.BILINEAR)
            expected = np.asarray(cam) / max(np.max(cam), 1e-30)
            np.testing.assert_allclose(values, expected, atol=1e-3)
    assert any(values.any() for values in maps)


# What the drawings show differs in color from the left and right edges, on the same line.
DRAWINGS = ["umbrella.png", "candle.jpg", "soccer_ball.jpg", "balloons.jpg", "jack_o_lantern.png", "traffic_light.png"]


def drawn(pixels):
    values = pixels.astype(float)
    edges = np.concatenate([values[:, :8], values[:, -8:]], axis=1)
    return np.abs(values - np.median(edges, axis=1, keepdims=True)).sum(axis=-1) > 90


@pytest.fixture(scope="module")
def mobilenet(keras_home):
    return kerastl.load("mobilenet_v2")


@pytest.mark.parametrize("name", DRAWINGS)
def test_mobilenet_v2_looks_at_what_is_drawn(mobilenet, name):
    explanation = mobilenet.explain(DATA / name)
    mask = drawn(explanation.pixels)
    assert 0.2 < mask.mean() < 0.4
    assert explanation.map[mask].mean() > 1.7 * explanation.map[~mask].mean()


def test_idgi_looks_at_what_is_drawn(mobilenet):
    explanation = mobilenet.explain(DATA / "candle.jpg", method="idgi")
    size, mask = np.abs(explanation.map), drawn(explanation.pixels)
    assert size[mask].sum() > 0.8 * size.sum()


def test_random_weights_destroy_the_map_of_mobilenet_v2(mobilenet):
    """Adebayo et al. 2018, section 3.1: the head first, then everything."""
    pixels = mobilenet.explain(DATA / "umbrella.png").pixels
    index = mobilenet.labels.find("umbrella")
    model = mobilenet.keras_model()
    before = Explainer(lambda: model, lambda _: None).explain(pixels, index)
    correlations = []
    keras.utils.set_random_seed(0)
    random = _build.build("mobilenet_v2", weights=None)
    for stages in (("head",), tuple(stage.name for stage in BACKBONES["mobilenet_v2"].stages)):
        theirs = _build.stages(random, BACKBONES["mobilenet_v2"])
        for stage, layers in _build.stages(model, BACKBONES["mobilenet_v2"]).items():
            if stage in stages:
                for mine, other in zip(layers, theirs[stage], strict=True):
                    mine.set_weights(other.get_weights())
        after = Explainer(lambda: model, lambda _: None).explain(pixels, index)
        correlations.append(spearmanr(before.ravel(), after.ravel())[0] if after.any() else 0.0)
    assert max(correlations) < 0.5
