"""Backbones and tasks of KerasHub, with random weights, as models to fine-tune."""

import keras
import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.models._adapt import adapt

hub = pytest.importorskip("keras_hub", reason="KerasHub is not installed")


def resnet(**options):
    return hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        **options,
    )


def vit(**options):
    return hub.models.ViTBackbone((32, 32, 3), 8, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=8, **options)


def images():
    return np.random.default_rng(1).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)


def answers(model, pixels):
    return keras.ops.convert_to_numpy(model(pixels, training=False))


def test_a_backbone_is_taken_apart():
    model = resnet()
    adapted = adapt(model, input_size=32, input_scaling="unit")
    np.testing.assert_allclose(
        answers(adapted.backbone, images()), answers(model, images() / 255), rtol=1e-4, atol=1e-5
    )
    assert list(adapted.stages) == ["stack1_block0", "stack0_block0", "conv1"]


def test_the_scaling_of_a_backbone_stands_elsewhere():
    with pytest.raises(UsageError, match=r"input_scaling=.*or give the task with its preprocessor"):
        adapt(resnet(image_shape=(32, 32, 3)))


def test_a_task_brings_its_scaling_its_size_and_a_head_to_replace():
    converter = hub.layers.ImageConverter(image_size=(32, 32), scale=[0.01, 0.02, 0.03], offset=[-1.0, 0.0, 1.0])
    preprocessor = hub.models.ImageClassifierPreprocessor(image_converter=converter)
    backbone = resnet()
    adapted = adapt(hub.models.ImageClassifier(backbone=backbone, num_classes=5, preprocessor=preprocessor))
    expected = answers(backbone, images() * [0.01, 0.02, 0.03] + [-1, 0, 1])
    np.testing.assert_allclose(answers(adapted.backbone, images()), expected, rtol=1e-4, atol=1e-5)
    assert "as its KerasHub preprocessor does" in adapted.findings[0]
    assert any("its head of 5 classes" in line for line in adapted.findings)


def test_a_backbone_is_pooled_as_its_own_classifier_does():
    model = vit()
    adapted = adapt(model, input_scaling="unit")
    expected = answers(model, images() / 255)[:, 0]
    np.testing.assert_allclose(answers(adapted.backbone, images()), expected, rtol=1e-5, atol=1e-6)
    without_token = vit(use_class_token=False)
    with pytest.raises(UsageError, match="tokens by channels: say how"):
        adapt(without_token, input_scaling="unit")


def test_what_cannot_be_made_again_layer_by_layer_stays_whole():
    task = hub.models.ViTImageClassifier(backbone=vit(), num_classes=4)
    adapted = adapt(task, input_scaling="tf")
    assert len(adapted.stages) == 1
    expected = answers(task.backbone, images() / 127.5 - 1)[:, 0]
    np.testing.assert_allclose(answers(adapted.backbone, images()), expected, rtol=1e-4, atol=1e-5)
