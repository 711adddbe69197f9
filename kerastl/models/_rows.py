# ruff: noqa: E501 -- a table reads best with one line a row
"""One line for each backbone, and where it differs from its family (`kerastl.models._families`)."""

from __future__ import annotations

from typing import Any

from kerastl.models._families import KERAS_DOCS

# name, family, constructor in keras.applications (or the family's own library), arguments, input size in pixels, parameters with and without the
# head, published ImageNet top-1 and top-5 in percent, stem of the weights files' names
# fmt: off
ROWS: tuple[tuple[str, str, str, dict[str, Any], int, int, int, float | None, float | None, str], ...] = (
    ("vgg16", "vgg", "VGG16", {}, 224, 138_357_544, 14_714_688, 71.3, 90.1, "vgg16"),
    ("vgg19", "vgg", "VGG19", {}, 224, 143_667_240, 20_024_384, 71.3, 90.0, "vgg19"),
    ("resnet50", "resnet", "ResNet50", {}, 224, 25_636_712, 23_587_712, 74.9, 92.1, "resnet50"),
    ("resnet101", "resnet", "ResNet101", {}, 224, 44_707_176, 42_658_176, 76.4, 92.8, "resnet101"),
    ("resnet152", "resnet", "ResNet152", {}, 224, 60_419_944, 58_370_944, 76.6, 93.1, "resnet152"),
    ("resnet50_v2", "resnet_v2", "ResNet50V2", {}, 224, 25_613_800, 23_564_800, 76.0, 93.0, "resnet50v2"),
    ("resnet101_v2", "resnet_v2", "ResNet101V2", {}, 224, 44_675_560, 42_626_560, 77.2, 93.8, "resnet101v2"),
    ("resnet152_v2", "resnet_v2", "ResNet152V2", {}, 224, 60_380_648, 58_331_648, 78.0, 94.2, "resnet152v2"),
    ("inception_v3", "inception_v3", "InceptionV3", {}, 299, 23_851_784, 21_802_784, 77.9, 93.7, "inception_v3"),
    ("inception_resnet_v2", "inception_resnet_v2", "InceptionResNetV2", {}, 299, 55_873_736, 54_336_736, 80.3, 95.3, "inception_resnet_v2"),
    ("xception", "xception", "Xception", {}, 299, 22_910_480, 20_861_480, 79.0, 94.5, "xception"),
    ("mobilenet_025", "mobilenet", "MobileNet", {"alpha": 0.25}, 224, 475_544, 218_544, 49.8, 74.2, "2_5"),
    ("mobilenet_050", "mobilenet", "MobileNet", {"alpha": 0.5}, 224, 1_342_536, 829_536, 63.3, 84.9, "5_0"),
    ("mobilenet_075", "mobilenet", "MobileNet", {"alpha": 0.75}, 224, 2_601_976, 1_832_976, 68.4, 88.2, "7_5"),
    ("mobilenet", "mobilenet", "MobileNet", {"alpha": 1.0}, 224, 4_253_864, 3_228_864, 70.4, 89.5, "1_0"),
    ("mobilenet_v2_035", "mobilenet_v2", "MobileNetV2", {"alpha": 0.35}, 224, 1_691_208, 410_208, 60.3, 82.9, "0.35"),
    ("mobilenet_v2_050", "mobilenet_v2", "MobileNetV2", {"alpha": 0.5}, 224, 1_987_224, 706_224, 65.4, 86.4, "0.5"),
    ("mobilenet_v2_075", "mobilenet_v2", "MobileNetV2", {"alpha": 0.75}, 224, 2_663_064, 1_382_064, 69.8, 89.6, "0.75"),
    ("mobilenet_v2", "mobilenet_v2", "MobileNetV2", {"alpha": 1.0}, 224, 3_538_984, 2_257_984, 71.3, 90.1, "1.0"),
    ("mobilenet_v2_130", "mobilenet_v2", "MobileNetV2", {"alpha": 1.3}, 224, 5_431_048, 3_766_048, 74.4, 92.1, "1.3"),
    ("mobilenet_v2_140", "mobilenet_v2", "MobileNetV2", {"alpha": 1.4}, 224, 6_156_712, 4_363_712, 75.0, 92.5, "1.4"),
    ("mobilenet_v3_small", "mobilenet_v3_small", "MobileNetV3Small", {}, 224, 2_554_968, 939_120, 68.1, None, "small"),
    ("mobilenet_v3_large", "mobilenet_v3_large", "MobileNetV3Large", {}, 224, 5_507_432, 2_996_352, 75.6, None, "large"),
    ("densenet121", "densenet", "DenseNet121", {}, 224, 8_062_504, 7_037_504, 75.0, 92.3, "densenet121"),
    ("densenet169", "densenet", "DenseNet169", {}, 224, 14_307_880, 12_642_880, 76.2, 93.2, "densenet169"),
    ("densenet201", "densenet", "DenseNet201", {}, 224, 20_242_984, 18_321_984, 77.3, 93.6, "densenet201"),
    ("nasnet_mobile", "nasnet_mobile", "NASNetMobile", {}, 224, 5_326_716, 4_269_716, 74.4, 91.9, "mobile"),
    ("nasnet_large", "nasnet_large", "NASNetLarge", {}, 331, 88_949_818, 84_916_818, 82.5, 96.0, "large"),
    ("efficientnet_b0", "efficientnet", "EfficientNetB0", {}, 224, 5_330_571, 4_049_571, 77.1, 93.3, "efficientnetb0"),
    ("efficientnet_b1", "efficientnet", "EfficientNetB1", {}, 240, 7_856_239, 6_575_239, 79.1, 94.4, "efficientnetb1"),
    ("efficientnet_b2", "efficientnet", "EfficientNetB2", {}, 260, 9_177_569, 7_768_569, 80.1, 94.9, "efficientnetb2"),
    ("efficientnet_b3", "efficientnet", "EfficientNetB3", {}, 300, 12_320_535, 10_783_535, 81.6, 95.7, "efficientnetb3"),
    ("efficientnet_b4", "efficientnet", "EfficientNetB4", {}, 380, 19_466_823, 17_673_823, 82.9, 96.4, "efficientnetb4"),
    ("efficientnet_b5", "efficientnet", "EfficientNetB5", {}, 456, 30_562_527, 28_513_527, 83.6, 96.7, "efficientnetb5"),
    ("efficientnet_b6", "efficientnet", "EfficientNetB6", {}, 528, 43_265_143, 40_960_143, 84.0, 96.8, "efficientnetb6"),
    ("efficientnet_b7", "efficientnet", "EfficientNetB7", {}, 600, 66_658_687, 64_097_687, 84.3, 97.0, "efficientnetb7"),
    ("efficientnet_v2_b0", "efficientnet_v2", "EfficientNetV2B0", {}, 224, 7_200_312, 5_919_312, 78.7, 94.3, "efficientnetv2-b0"),
    ("efficientnet_v2_b1", "efficientnet_v2", "EfficientNetV2B1", {}, 240, 8_212_124, 6_931_124, 79.8, 95.0, "efficientnetv2-b1"),
    ("efficientnet_v2_b2", "efficientnet_v2", "EfficientNetV2B2", {}, 260, 10_178_374, 8_769_374, 80.5, 95.1, "efficientnetv2-b2"),
    ("efficientnet_v2_b3", "efficientnet_v2", "EfficientNetV2B3", {}, 300, 14_467_622, 12_930_622, 82.0, 95.8, "efficientnetv2-b3"),
    ("efficientnet_v2_s", "efficientnet_v2", "EfficientNetV2S", {}, 384, 21_612_360, 20_331_360, 83.9, 96.7, "efficientnetv2-s"),
    ("efficientnet_v2_m", "efficientnet_v2", "EfficientNetV2M", {}, 480, 54_431_388, 53_150_388, 85.3, 97.4, "efficientnetv2-m"),
    ("efficientnet_v2_l", "efficientnet_v2", "EfficientNetV2L", {}, 480, 119_027_848, 117_746_848, 85.7, 97.5, "efficientnetv2-l"),
    ("convnext_tiny", "convnext", "ConvNeXtTiny", {}, 224, 28_589_128, 27_820_128, 82.1, None, "convnext_tiny"),
    ("convnext_small", "convnext", "ConvNeXtSmall", {}, 224, 50_223_688, 49_454_688, 83.1, None, "convnext_small"),
    ("convnext_base", "convnext", "ConvNeXtBase", {}, 224, 88_591_464, 87_566_464, 85.8, 97.9, "convnext_base"),
    ("convnext_large", "convnext", "ConvNeXtLarge", {}, 224, 197_767_336, 196_230_336, 86.6, None, "convnext_large"),
    ("convnext_xlarge", "convnext", "ConvNeXtXLarge", {}, 224, 350_196_968, 348_147_968, 87.0, None, "convnext_xlarge"),
    ("kerastl_mini", "kerastl_mini", "KerastlMini", {}, 32, 3_905_192, 3_840_992, None, None, "kerastl_mini"),
)
# fmt: on

_LONG_STAGE_2 = {
    "stage_2_block_18": "at {name}_stage_2_block_18_depthwise_conv",
    "stage_2_block_9": "at {name}_stage_2_block_9_depthwise_conv",
}
_NOT_CROPPED = (1.0, "the authors evaluate sizes of 320 pixels and more without a crop")

# What a row says differently from its family. `more_stages` are boundaries inside a long stage of the family.
EXCEPTIONS: dict[str, dict[str, Any]] = {
    # For these the Keras documentation publishes its own scores of the converted weights.
    "mobilenet": {"source": KERAS_DOCS},
    "mobilenet_v2": {
        "source": KERAS_DOCS,
        "crop": (0.95, "measured on 1,000 ImageNet images: 90.4 % right, with 0.875 it is 89.4 %"),
    },
    "resnet101": {"more_stages": {"conv4_block13": "at conv4_block13_1_conv"}},
    "resnet152": {
        "more_stages": {
            "conv4_block25": "at conv4_block25_1_conv",
            "conv4_block13": "at conv4_block13_1_conv",
        }
    },
    "resnet101_v2": {"more_stages": {"conv4_block13": "at conv4_block13_preact_bn"}},
    "resnet152_v2": {
        "more_stages": {
            "conv4_block25": "at conv4_block25_preact_bn",
            "conv4_block13": "at conv4_block13_preact_bn",
        }
    },
    "efficientnet_v2_s": {"crop": _NOT_CROPPED},
    "efficientnet_v2_m": {"crop": _NOT_CROPPED, "more_stages": {"block7": "at block7a_expand_conv"}},
    "efficientnet_v2_l": {"crop": _NOT_CROPPED, "more_stages": {"block7": "at block7a_expand_conv"}},
    "convnext_small": {"more_stages": _LONG_STAGE_2},
    "convnext_base": {"more_stages": _LONG_STAGE_2},
    "convnext_large": {"more_stages": _LONG_STAGE_2},
    "convnext_xlarge": {"more_stages": _LONG_STAGE_2},
}
