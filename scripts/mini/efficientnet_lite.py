"""EfficientNet-Lite (Tan and Le 2019, https://arxiv.org/abs/1905.11946, without squeeze and swish), as a teacher."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np


class Stage(NamedTuple):
    """Blocks of one width: how many, depthwise kernel, stride of the first, expansion of the channels, channels."""

    blocks: int
    kernel: int
    stride: int
    expansion: int
    channels: int


STEM, HEAD = 32, 1280
STAGES = (
    Stage(1, 3, 1, 1, 16),
    Stage(2, 3, 2, 6, 24),
    Stage(2, 5, 2, 6, 40),
    Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112),
    Stage(4, 5, 2, 6, 192),
    Stage(1, 3, 1, 6, 320),
)
SCALES = ((1.0, 1.0), (1.0, 1.1), (1.1, 1.2))
"""Width and depth of Lite0, Lite1 and Lite2 as multiples of the stages; the stem and the head are always the same, and
the first and the last stage have always one block."""
EPSILON = 1e-3
CENTRE, RANGE = 127.0, 128.0


def network(number: int, size: int, classes: int) -> keras.Model:
    """The network on raw pixels (size, size, 3), to logits.

    Its weights have the order of the published files of PyTorch: convolution, then scale, offset, mean and variance of
    its normalization, block for block, and the dense layer at the end.
    """
    width, depth = SCALES[number]
    raw = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / RANGE, -CENTRE / RANGE)(raw)
    x = _normalized(keras.layers.Conv2D(STEM, 3, 2, "same", use_bias=False)(x))
    for stage in STAGES:
        blocks = stage.blocks if stage in (STAGES[0], STAGES[-1]) else math.ceil(stage.blocks * depth)
        for block in range(blocks):
            x = _block(x, stage, stage.stride if block == 0 else 1, _rounded(stage.channels * width))
    x = _normalized(keras.layers.Conv2D(HEAD, 1, use_bias=False)(x))
    return keras.Model(raw, keras.layers.Dense(classes)(keras.layers.GlobalAveragePooling2D()(x)))


def load(model: keras.Model, path: Path, rows: list[int]) -> None:
    """Give it the weights of a published file, of whose 1,000 classes only some.

    Args:
        model: What `network` makes.
        path: A .npz file of the published arrays in their order.
        rows: The class numbers in ImageNet's list, one for each of the network's classes.
    """
    with np.load(path) as arrays:
        *body, kernel, bias = [arrays[f"arr_{index}"] for index in range(len(arrays.files))]
    shapes = [weight.shape for weight in model.weights]
    values = [value.transpose(2, 3, 1, 0) if value.ndim == 4 else value for value in body]
    values += [kernel[rows].T, bias[rows]]
    # A depthwise kernel is (kernel, kernel, 1, channels) now, and (kernel, kernel, channels, 1) in Keras.
    model.set_weights([value.reshape(shape) for value, shape in zip(values, shapes, strict=True)])


def _block(x: keras.KerasTensor, stage: Stage, stride: int, channels: int) -> keras.KerasTensor:
    inputs, before = x, x.shape[-1]
    if stage.expansion > 1:
        x = _normalized(keras.layers.Conv2D(before * stage.expansion, 1, use_bias=False)(x))
    x = _normalized(keras.layers.DepthwiseConv2D(stage.kernel, stride, "same", use_bias=False)(x))
    x = keras.layers.Conv2D(channels, 1, use_bias=False)(x)
    x = keras.layers.BatchNormalization(epsilon=EPSILON)(x)
    return keras.layers.Add()([inputs, x]) if stride == 1 and before == channels else x


def _normalized(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.layers.ReLU(6.0)(keras.layers.BatchNormalization(epsilon=EPSILON)(x))


def _rounded(channels: float) -> int:
    """To the nearest multiple of eight, but at most a tenth down."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest
