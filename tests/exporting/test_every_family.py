"""A network of each family of the catalog, exported and compared with Keras under weights that all matter."""

from functools import lru_cache

import pytest
import random_weights as weights
from families import SMALLEST

from kerastl.exporting import EXPORT_FORMATS, ExportSource
from kerastl.images import Resize
from kerastl.inference import KerasEngine
from kerastl.models import BACKBONES, LabelSet, Metadata, ModelSpec, build
from kerastl.models._spec import RANDOM

FORMATS = ("litert", "onnx", "openvino")
# Large ones are tried as far as a layer by which the kinds of their operations have come, with a head of their own.
LAYERS = {
    "convnext_tiny": "convnext_tiny_stage_1_block_0_identity",
    "densenet121": "pool2_pool",
    "efficientnet_b0": "block4a_project_bn",
    "efficientnet_v2_b0": "block4a_project_bn",
    "inception_resnet_v2": "block35_2_ac",
    "inception_v3": "mixed4",
    "nasnet_mobile": "normal_concat_0",
    "resnet50": "conv3_block1_out",
    "resnet50_v2": "conv3_block1_out",
    "vgg16": "block3_pool",
    "xception": "block4_pool",
}
CLASSES = 20


def network(name, size):
    if name not in LAYERS:
        return build(name, weights=None, input_size=size)
    import keras

    lower = build(name, weights=None, include_top=False, input_size=size)
    pooled = keras.layers.GlobalAveragePooling2D()(lower.get_layer(LAYERS[name]).output)
    return keras.Model(lower.input, keras.layers.Dense(CLASSES, activation="softmax")(pooled))


@lru_cache(maxsize=1)
def tried(name):
    """The network as the source of exports, images, and what Keras answers."""
    import keras

    size = max(64, BACKBONES[name].min_size)
    images = weights.patterns(6, size, size)
    model = weights.randomize(network(name, size), images)
    labels = LabelSet(tuple(map(str, range(model.output_shape[1]))))
    metadata = Metadata(name, labels, Resize(size, size))
    source = ExportSource(ModelSpec(metadata, RANDOM, f"random {name}", lambda: model))
    keras.backend.clear_session()  # of the network before
    return source, images, KerasEngine(model).predict(images)


@pytest.mark.parametrize("export_format", FORMATS)
@pytest.mark.parametrize("name", SMALLEST)
def test_every_family_answers_as_keras_does(name, export_format, tmp_path):
    chosen = EXPORT_FORMATS[export_format]
    if (reason := chosen.unavailable()) is not None:
        pytest.skip(reason)
    source, images, expected = tried(name)
    chosen.write(source, tmp_path / chosen.filename)
    received = chosen.open(tmp_path / chosen.filename).predict(images)
    assert received.shape == expected.shape
    assert weights.relative_difference(received, expected) < 1e-3
