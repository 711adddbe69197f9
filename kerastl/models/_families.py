"""What the members of a family of backbones share, as plain data; `kerastl.models._registry` makes rows of it.

`scripts/check_catalog.py` builds each backbone and compares sizes, parameters, files and stages with Keras.

How a stage is written: `"at LAYER"` starts with that layer, `"after LAYER"` with the layer that follows it, and `""`
with the input. Both forms are needed because Keras leaves some layers unnamed, which then carry a number that
depends on what else the process has built: such a layer cannot be named here, but its named neighbor can. `{name}`
stands for the backbone's own name.
"""

from __future__ import annotations

from typing import Any

_STORE = "https://storage.googleapis.com/tensorflow/keras-applications/"
_KERNELS = "{stem}_weights_tf_dim_ordering_tf_kernels"

# Where the published ImageNet scores come from.
KERAS_DOCS = "https://keras.io/api/applications/"
_MOBILENET_V1 = "https://github.com/tensorflow/models/blob/master/research/slim/nets/mobilenet_v1.md"
_MOBILENET_V2 = "https://github.com/tensorflow/models/blob/master/research/slim/nets/mobilenet/README.md"
_MOBILENET_V3 = "https://keras.io/api/applications/mobilenet/ (table in the docstring; top-5 not published)"
_CONVNEXT = "https://github.com/facebookresearch/ConvNeXt (the repository whose weights Keras converted)"

# Of the published weights, an SPDX identifier, and who says so. Up to NASNet it is what the documentation of Keras says
# of each family; the later ones have that of the repository whose weights Keras converted.
_KERAS_2_DOCS = "https://github.com/keras-team/keras/blob/2.3.0/docs/templates/applications.md"
_APACHE = ("Apache-2.0", _KERAS_2_DOCS)
_MIT = ("MIT", _KERAS_2_DOCS)
_BSD = ("BSD-3-Clause", _KERAS_2_DOCS)

_CAFFE_CROP = "shorter side to 256, center 224, as in the papers"
_INCEPTION_CROP = "the Inception preprocessing that these weights were trained with keeps the central 87.5 %"
_EFFICIENTNET_CROP = "size / (size + 32), as in the authors' evaluation"

_RESNET_STAGES = {
    "head": "after conv5_block3_out",
    "conv5": "at conv5_block1_1_conv",
    "conv4": "at conv4_block1_1_conv",
    "conv3": "at conv3_block1_1_conv",
    "conv2": "at conv2_block1_1_conv",
    "stem": "",
}
_RESNET_V2_STAGES = {
    "head": "after post_relu",
    "conv5": "at conv5_block1_preact_bn",
    "conv4": "at conv4_block1_preact_bn",
    "conv3": "at conv3_block1_preact_bn",
    "conv2": "at conv2_block1_preact_bn",
    "stem": "",
}
_CONVNEXT_STAGES = {
    "head": "after {name}_stage_3_block_2_identity",
    "stage_3": "at {name}_downsampling_block_2",
    "stage_2": "at {name}_downsampling_block_1",
    "stage_1": "at {name}_downsampling_block_0",
    "stage_0": "at {name}_stage_0_block_0_depthwise_conv",
    "stem": "",
}
_EFFICIENTNET_V2_STAGES = {
    "head": "after top_activation",
    "block6": "at block6a_expand_conv",
    "block5": "at block5a_expand_conv",
    "block4": "at block4a_expand_conv",
    "block3": "at block3a_expand_conv",
    "block2": "at block2a_expand_conv",
    "block1": "at block1a_project_conv",
    "stem": "",
}

# What the members of a family share. `files` are the names with and without the head, in the Keras cache; `remote`
# the names at the source, where they differ.
FAMILIES: dict[str, dict[str, Any]] = {
    "vgg": {
        "input_scaling": "caffe",
        "crop": (0.875, _CAFFE_CROP),
        "source": KERAS_DOCS,
        "license": ("CC-BY-4.0", _KERAS_2_DOCS),
        "url": _STORE + "{stem}/",
        "files": (_KERNELS + ".h5", _KERNELS + "_notop.h5"),
        "flattens": True,
        "stages": {
            "head": "after block5_pool",
            "block5": "at block5_conv1",
            "block4": "at block4_conv1",
            "block3": "at block3_conv1",
            "block2": "at block2_conv1",
            "block1": "",
        },
    },
    "resnet": {
        "input_scaling": "caffe",
        "crop": (0.875, _CAFFE_CROP),
        "source": KERAS_DOCS,
        "license": _MIT,
        "url": _STORE + "resnet/",
        "files": (_KERNELS + ".h5", _KERNELS + "_notop.h5"),
        "stages": _RESNET_STAGES,
    },
    "resnet_v2": {
        "input_scaling": "tf",
        "crop": (0.875, _CAFFE_CROP),
        "source": KERAS_DOCS,
        "license": _BSD,
        "url": _STORE + "resnet/",
        "files": (_KERNELS + ".h5", _KERNELS + "_notop.h5"),
        "stages": _RESNET_V2_STAGES,
    },
    "inception_v3": {
        "input_scaling": "tf",
        "crop": (0.875, _INCEPTION_CROP),
        "min_size": 75,
        "source": KERAS_DOCS,
        "license": _APACHE,
        "url": _STORE + "inception_v3/",
        "files": (_KERNELS + ".h5", _KERNELS + "_notop.h5"),
        # Its convolutions are unnamed; the concatenation that ends each module is not.
        "stages": {"head": "after mixed10"}
        | {f"mixed{n}": f"after mixed{n - 1}" for n in range(10, 0, -1)}
        | {"stem": ""},
    },
    "inception_resnet_v2": {
        "input_scaling": "tf",
        "crop": (0.875, _INCEPTION_CROP),
        "min_size": 75,
        "source": KERAS_DOCS,
        "license": _APACHE,
        "url": _STORE + "inception_resnet_v2/",
        "files": (_KERNELS + ".h5", _KERNELS + "_notop.h5"),
        "stages": {
            "head": "after conv_7b_ac",
            "conv_7b": "at conv_7b",
            "block8_6": "after block8_5_ac",
            "block8": "after block17_20_ac",
            "block17_11": "after block17_10_ac",
            "block17": "after block35_10_ac",
            "block35": "after mixed_5b",
            "stem": "",
        },
    },
    "xception": {
        "input_scaling": "tf",
        "crop": (0.875, _INCEPTION_CROP),
        "min_size": 71,
        "source": KERAS_DOCS,
        "license": _MIT,
        "url": _STORE + "xception/",
        "files": (_KERNELS + ".h5", _KERNELS + "_notop.h5"),
        "stages": {"head": "after block14_sepconv2_act", "block14": "at block14_sepconv1"}
        | {f"block{n}": f"at block{n}_sepconv1_act" for n in (13, 11, 9, 7, 5, 4, 3)}
        | {"block2": "at block2_sepconv1", "block1": ""},
    },
    "mobilenet": {
        "input_scaling": "tf",
        "crop": (0.875, _INCEPTION_CROP),
        "source": _MOBILENET_V1,
        "license": _APACHE,
        "url": _STORE + "mobilenet/",
        "files": ("mobilenet_{stem}_224_tf.h5", "mobilenet_{stem}_224_tf_no_top.h5"),
        "weight_sizes": (128, 160, 192, 224),
        "stages": {"head": "after conv_pw_13_relu"}
        | {"block_12": "at conv_pad_12", "block_9": "at conv_dw_9", "block_6": "at conv_pad_6"}
        | {"block_4": "at conv_pad_4", "block_2": "at conv_pad_2", "stem": ""},
        # Every block but two in the middle: at width 1, the features of all would take long to solve for.
        "taps": tuple(f"conv_pw_{n}_relu" for n in (1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13)),
    },
    "mobilenet_v2": {
        "input_scaling": "tf",
        "crop": (0.875, _INCEPTION_CROP),
        "source": _MOBILENET_V2,
        "license": _APACHE,
        "url": _STORE + "mobilenet_v2/",
        "files": (
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{stem}_224.h5",
            "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{stem}_224_no_top.h5",
        ),
        "weight_sizes": (96, 128, 160, 192, 224),
        # A stage is the blocks of one width; the last holds block 16 and the convolution that widens to 1280.
        "stages": {"head": "after out_relu"}
        | {f"block_{n}": f"at block_{n}_expand" for n in (16, 13, 10, 6, 3, 1)}
        | {"stem": ""},
        # The wide maps inside the blocks: 61 % right of 20 classes of Tiny ImageNet, 59 % with the narrow ones between
        # the blocks, 56 % with the last alone.
        "taps": tuple(f"block_{n}_expand_relu" for n in (4, 6, 8, 10, 12, 14, 16)),
    },
    "mobilenet_v3_small": {
        "module": "mobilenet_v3",
        "input_scaling": "inside",
        "crop": (0.875, _INCEPTION_CROP),
        "source": _MOBILENET_V3,
        "license": ("Apache-2.0", "https://github.com/tensorflow/models/blob/master/LICENSE"),
        "url": _STORE + "mobilenet_v3/",
        "files": (
            "weights_mobilenet_v3_{stem}_224_1.0_float.h5",
            "weights_mobilenet_v3_{stem}_224_1.0_float_no_top_v2.h5",
        ),
        # The activation after conv_1_bn is unnamed, so it counts with the head; it has no weights.
        "stages": {"head": "after conv_1_bn"}
        | {f"block_{n}": f"at expanded_conv_{n}_expand" for n in (8, 6, 3, 1)}
        | {"stem": ""},
    },
    "mobilenet_v3_large": {
        "module": "mobilenet_v3",
        "input_scaling": "inside",
        "crop": (0.875, _INCEPTION_CROP),
        "source": _MOBILENET_V3,
        "license": ("Apache-2.0", "https://github.com/tensorflow/models/blob/master/LICENSE"),
        "url": _STORE + "mobilenet_v3/",
        "files": (
            "weights_mobilenet_v3_{stem}_224_1.0_float.h5",
            "weights_mobilenet_v3_{stem}_224_1.0_float_no_top_v2.h5",
        ),
        "stages": {"head": "after conv_1_bn"}
        | {f"block_{n}": f"at expanded_conv_{n}_expand" for n in (12, 10, 6, 3, 1)}
        | {"stem": ""},
    },
    "densenet": {
        "input_scaling": "torch",
        "crop": (0.875, _CAFFE_CROP),
        "source": KERAS_DOCS,
        "license": _BSD,
        "url": _STORE + "densenet/",
        "files": (_KERNELS + ".h5", _KERNELS + "_notop.h5"),
        # A transition between two dense blocks belongs to the one below it.
        "stages": {"head": "after relu"} | {f"conv{n}": f"at conv{n}_block1_0_bn" for n in (5, 4, 3, 2)} | {"stem": ""},
    },
    # A NASNet cell reads the two cells before it, so two or three tensors cross each boundary below the head.
    "nasnet_mobile": {
        "module": "nasnet",
        "input_scaling": "tf",
        "crop": (0.875, _INCEPTION_CROP),
        "source": KERAS_DOCS,
        "license": _APACHE,
        "url": _STORE + "nasnet/",
        "files": ("nasnet_{stem}.h5", "nasnet_{stem}_no_top.h5"),
        "remote": ("NASNet-{stem}.h5", "NASNet-{stem}-no-top.h5"),
        "stages": {
            "head": "after normal_concat_12",
            "cell_11": "after normal_concat_10",
            "cell_9": "after reduction_concat_reduce_8",
            "reduce_8": "after normal_concat_8",
            "cell_5": "after reduction_concat_reduce_4",
            "reduce_4": "after normal_concat_3",
            "cell_0": "after reduction_concat_stem_2",
            "stem": "",
        },
    },
    "nasnet_large": {
        "module": "nasnet",
        "input_scaling": "tf",
        "crop": (0.875, _INCEPTION_CROP),
        "source": KERAS_DOCS,
        "license": _APACHE,
        "url": _STORE + "nasnet/",
        "files": ("nasnet_{stem}.h5", "nasnet_{stem}_no_top.h5"),
        "remote": ("NASNet-{stem}.h5", "NASNet-{stem}-no-top.h5"),
        "stages": {
            "head": "after normal_concat_18",
            "cell_16": "after normal_concat_15",
            "cell_13": "after reduction_concat_reduce_12",
            "reduce_12": "after normal_concat_12",
            "cell_10": "after normal_concat_9",
            "cell_7": "after reduction_concat_reduce_6",
            "reduce_6": "after normal_concat_5",
            "cell_0": "after reduction_concat_stem_2",
            "stem": "",
        },
    },
    "efficientnet": {
        "input_scaling": "inside",
        "after_loading": "kerastl.models._build:complete_efficientnet_scaling",
        "crop": (None, _EFFICIENTNET_CROP),
        "source": KERAS_DOCS,
        "license": ("Apache-2.0", "https://github.com/tensorflow/tpu/blob/master/LICENSE"),
        "url": "https://storage.googleapis.com/keras-applications/",
        "files": ("{stem}.h5", "{stem}_notop.h5"),
        "stages": {"head": "after top_activation"}
        | {f"block{n}": f"at block{n}a_expand_conv" for n in range(7, 1, -1)}
        | {"block1": "at block1a_dwconv", "stem": ""},
    },
    "efficientnet_v2": {
        "input_scaling": "inside",
        "crop": (None, _EFFICIENTNET_CROP),
        "source": KERAS_DOCS,
        "license": ("Apache-2.0", "https://github.com/google/automl/blob/master/LICENSE"),
        "url": _STORE + "efficientnet_v2/",
        "files": ("{stem}.h5", "{stem}_notop.h5"),
        "stages": _EFFICIENTNET_V2_STAGES,
    },
    "convnext": {
        "input_scaling": "inside",
        "crop": (0.875, "shorter side to 256, center 224, as in the authors' evaluation"),
        "source": _CONVNEXT,
        "license": ("MIT", "https://github.com/facebookresearch/ConvNeXt/blob/main/LICENSE"),
        "url": _STORE + "convnext/",
        "files": ("{stem}.h5", "{stem}_notop.h5"),
        "stages": _CONVNEXT_STAGES,
    },
    "kerastl_mini": {
        "library": "kerastl.models._mini.network",
        "bundled": "_mini",
        "labels": "tiny_imagenet",
        "min_size": 8,
        "input_scaling": "tf",
        "crop": (1.0, "at 32 pixels a crop would leave little of the image"),
        "source": "trained for kerastl on the 200 classes of Tiny ImageNet; scripts/mini holds how",
        "license": ("Apache-2.0", "trained for kerastl, and under its license"),
        "files": ("{stem}.weights.h5", "{stem}.weights.h5"),
        "stages": {"head": "after stage3_block2_relu"}
        | {f"stage{n}": f"at stage{n}_block1_1_conv" for n in (3, 2, 1)}
        | {"stem": ""},
        "taps": (
            "stem_relu",
            *(f"stage{n}_block{block}{end}_relu" for n in (1, 2, 3) for block in (1, 2) for end in ("_1", "")),
        ),
    },
}
