import subprocess
import sys

import pytest

from kerastl.errors import UsageError
from kerastl.models._backbone import Stage, WeightsFile
from kerastl.models._registry import BACKBONES

STORE = "https://storage.googleapis.com/tensorflow/keras-applications/"


OF_KERAS = [row for row in BACKBONES.usable() if row.library == "keras.applications"]


def test_every_constructor_of_keras_has_a_row():
    import keras

    theirs = {name for name in dir(keras.applications) if name[0].isupper()}
    assert {row.constructor for row in OF_KERAS} == theirs
    assert len(theirs) == 40


def test_names():
    names = BACKBONES.names()
    assert len(names) == len(set(names)) == 49
    assert [row.name for row in OF_KERAS] == [name for name in names if name != "kerastl_mini"]
    assert all(name == name.lower() and name.isidentifier() for name in names)
    assert {"mobilenet_025", "mobilenet_050", "mobilenet_075", "mobilenet"} <= set(names)
    assert {f"mobilenet_v2{alpha}" for alpha in ("_035", "_050", "_075", "", "_130", "_140")} <= set(names)


def test_a_row_as_keras_and_its_documentation_give_it():
    row = BACKBONES["resnet50"]
    assert row.constructor == "ResNet50"
    assert (row.input_size, row.input_scaling, row.parameters) == (224, "caffe", 25_636_712)
    assert (row.top1, row.top5, row.source) == (74.9, 92.1, "https://keras.io/api/applications/")
    assert row.megabytes == 97.8
    assert row.crop_fraction == 0.875
    assert row.weights == WeightsFile(
        "resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        STORE + "resnet/resnet50_weights_tf_dim_ordering_tf_kernels.h5",
        "2cb95161c43110f7111970584f804107",
        25_636_712,
    )
    assert row.weights_no_top.file == "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"


def test_the_name_at_the_source_can_differ():
    weights = BACKBONES["nasnet_mobile"].weights_no_top
    assert weights.file == "nasnet_mobile_no_top.h5"
    assert weights.url == STORE + "nasnet/NASNet-mobile-no-top.h5"


@pytest.mark.parametrize(
    ("name", "fraction"),
    [
        ("mobilenet_v2", 0.95),
        ("vgg16", 0.875),
        ("efficientnet_b0", 224 / 256),
        ("efficientnet_b7", 600 / 632),
        ("efficientnet_v2_b3", 300 / 332),
        ("efficientnet_v2_s", 1.0),
    ],
)
def test_crop_fraction(name, fraction):
    assert BACKBONES[name].crop_fraction == fraction


def test_every_row_is_plausible():
    for row in OF_KERAS:
        assert row.top1 is None or 40 < row.top1 < 90, row.name
        assert row.top5 is None or row.top1 < row.top5 < 100, row.name
        assert row.source.startswith("https://"), row.name
        assert 0.8 < row.crop_fraction <= 1, row.name
        assert row.crop_reason, row.name
        assert row.labels == "imagenet", row.name
        assert not row.bundled, row.name
        assert row.weights.file != row.weights_no_top.file, row.name
        assert row.weights.parameters == row.parameters > row.weights_no_top.parameters, row.name
        hashed = not row.name.startswith(("mobilenet_0", "mobilenet_v2")) and row.name != "mobilenet"
        assert (row.weights.hash is not None) == (row.weights_no_top.hash is not None) == hashed, row.name


def test_files_are_told_apart():
    files = [file for row in OF_KERAS for file in (row.weights.file, row.weights_no_top.file)]
    assert len(files) == len(set(files)) == 96


def test_the_network_in_the_box():
    row = BACKBONES["kerastl_mini"]
    assert (row.input_size, row.min_size, row.input_scaling, row.crop_fraction) == (32, 8, "tf", 1.0)
    assert (row.top1, row.top5, row.labels) == (None, None, "tiny_imagenet")
    assert row.bundled
    assert row.weights.bundled.is_file()
    assert row.weights.bundled == row.weights_no_top.bundled
    assert row.weights.parameters == row.parameters
    assert [stage.name for stage in row.stages] == ["head", "stage3", "stage2", "stage1", "stem"]


def test_weights_of_other_sizes():
    mobilenet, v2 = BACKBONES["mobilenet_025"], BACKBONES["mobilenet_v2_130"]
    assert mobilenet.weights_file(True, (160, 160)).file == "mobilenet_2_5_160_tf.h5"
    assert mobilenet.weights_file(True, (160, 160)).url == STORE + "mobilenet/mobilenet_2_5_160_tf.h5"
    assert v2.weights_file(False, (96, 96)).file == ("mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.3_96_no_top.h5")
    # Sizes that have none of their own, and images that are not square, get those of 224 px, as in Keras.
    assert mobilenet.weights_file(False, (96, 96)) == mobilenet.weights_no_top
    assert v2.weights_file(False, (128, 96)) == v2.weights_no_top
    assert BACKBONES["resnet50"].weights_file(False, (128, 128)) == BACKBONES["resnet50"].weights_no_top


def test_stages_run_from_the_head_down():
    stages = BACKBONES["mobilenet_v2"].stages
    assert [stage.name for stage in stages] == [
        "head", "block_16", "block_13", "block_10", "block_6", "block_3", "block_1", "stem",
    ]  # fmt: skip
    assert BACKBONES["mobilenet_v2"].stage("block_13").first_layer == "block_13_expand"
    assert stages[0].after == "out_relu"
    assert stages[-1] == Stage("stem")


def test_long_stages_are_split():
    assert [stage.name for stage in BACKBONES["resnet152"].stages] == [
        "head", "conv5", "conv4_block25", "conv4_block13", "conv4", "conv3", "conv2", "stem",
    ]  # fmt: skip
    assert [stage.name for stage in BACKBONES["efficientnet_v2_m"].stages][:3] == ["head", "block7", "block6"]
    assert BACKBONES["convnext_base"].stages[2].first_layer == "convnext_base_stage_2_block_18_depthwise_conv"


def test_unknown_stage():
    with pytest.raises(UsageError, match=r"vgg16 has no stage 'conv5'; .*: head, block5, block4"):
        BACKBONES["vgg16"].stage("conv5")


@pytest.mark.parametrize(
    ("given", "meant"),
    [("MobileNetV2", "mobilenet_v2"), ("resnet50v2", "resnet50_v2"), ("efficientnetb0", "efficientnet_b0")],
)
def test_unknown_name_gives_close_ones(given, meant):
    with pytest.raises(UsageError, match=rf"unknown model '{given}', did you mean .*\b{meant}\b"):
        BACKBONES[given]


def test_unknown_name_without_close_ones():
    with pytest.raises(UsageError, match=r"unknown model 'xyz'; `kerastl models` lists all"):
        BACKBONES["xyz"]


def test_needs_neither_tensorflow_nor_keras_nor_numpy():
    code = "import kerastl.models._registry as r, kerastl.models._weights, sys; list(r.BACKBONES.usable())"
    code += "; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"tensorflow", "keras", "numpy", "h5py"} & set(modules.split())


def test_published_weights_have_a_license_and_say_who_says_so():
    known = {"Apache-2.0", "MIT", "BSD-3-Clause", "CC-BY-4.0"}  # SPDX
    for name in BACKBONES.bundled:
        backbone = BACKBONES[name]
        assert backbone.license in known, name
        assert backbone.license_source
    assert BACKBONES["vgg16"].license == "CC-BY-4.0"
    assert BACKBONES["convnext_tiny"].license == "MIT"
