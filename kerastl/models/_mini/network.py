"""The architecture of the bundled model: a small residual network for 32-pixel images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras

WIDTHS = (64, 128, 320)
"""Channels of the three stages."""

BLOCKS = 2
"""Residual blocks in each stage."""

STEM_WIDTH = 32


def KerastlMini(  # noqa: N802 - it stands where the constructors of keras.applications stand
    *,
    include_top: bool = True,
    weights: None = None,
    input_tensor: Any = None,
    input_shape: tuple[int, int, int] | None = None,
    classes: int = 200,
    classifier_activation: str | None = "softmax",
    mirrored: bool = True,
) -> keras.Model:
    """Build the network, with random weights.

    Residual blocks of two 3 x 3 convolutions (He et al. 2016, https://arxiv.org/abs/1512.03385), the shortcuts of
    each stage's first block averaging before they project (the "D" of He et al. 2019,
    https://arxiv.org/abs/1812.01187). The stem keeps the full 32 pixels; the stages work at 16, 8 and 4: wide layers
    at low resolution are what a CPU computes fastest.

    With top, it looks at each image and at its mirror, and averages the two feature maps, the second turned back.
    Since the last layer is linear below its activation, this averages the scores of the two.

    Args:
        include_top: Whether average pooling and the classes' layer follow the features.
        weights: None; `kerastl.models._build.build` loads the file that comes with the package.
        input_tensor: Pixels scaled to [-1, 1], shape (n, height, width, 3), of which only n may be open; default is a
            new input.
        input_shape: Height, width and 3, each side at least 8; default (32, 32, 3). Used without `input_tensor`.
        classes: Number of classes.
        classifier_activation: Activation of the last layer; None for logits.
        mirrored: With top only: whether it looks at the mirror as well, for twice the work. Training does without.

    Returns:
        A functional network to (n, classes), or without top to a feature map (n, height / 8, width / 8, 320).
    """
    import keras
    from keras import layers

    if weights is not None:
        raise ValueError(f"weights must be None. Received: weights={weights!r}")
    pixels = keras.Input(input_shape or (32, 32, 3)) if input_tensor is None else input_tensor
    both = include_top and mirrored
    x = _with_mirrors(pixels) if both else pixels
    x = _convolved(x, STEM_WIDTH, 1, "stem")
    x = layers.Activation("relu", name="stem_relu")(x)
    for stage, width in enumerate(WIDTHS, 1):
        for block in range(1, BLOCKS + 1):
            x = _block(x, width, shrink=block == 1, name=f"stage{stage}_block{block}")
    if both:
        x = _averaged(x)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="avg_pool")(x)
        x = layers.Dense(classes, activation=classifier_activation, name="predictions")(x)
    inputs = pixels if input_tensor is None else keras.utils.get_source_inputs(pixels)
    return keras.Model(inputs, x, name="kerastl_mini")


def _with_mirrors(pixels: Any) -> Any:
    """The images, and behind them their mirrors, shape (2 n, height, width, 3): so each layer is used once."""
    from keras import ops

    return ops.concatenate([pixels, ops.flip(pixels, axis=2)], axis=0)


def _averaged(features: Any) -> Any:
    """The mean of each image's feature map and that of its mirror turned back, shape (n, rows, columns, channels)."""
    from keras import ops

    images, mirrors = ops.unstack(ops.reshape(features, (2, -1, *features.shape[1:])), num=2)
    return (images + ops.flip(mirrors, axis=2)) / 2


def _convolved(x: Any, width: int, stride: int, name: str, kernel: int = 3) -> Any:
    from keras import layers

    x = layers.Conv2D(
        width,
        kernel,
        strides=stride,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(x)
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_bn")(x)


def _block(x: Any, width: int, *, shrink: bool, name: str) -> Any:
    from keras import layers

    shortcut = x
    if shrink:
        shortcut = layers.AveragePooling2D(2, padding="same", name=f"{name}_shortcut_pool")(x)
        shortcut = _convolved(shortcut, width, 1, f"{name}_shortcut", kernel=1)
    x = _convolved(x, width, 2 if shrink else 1, f"{name}_1")
    x = layers.Activation("relu", name=f"{name}_1_relu")(x)
    x = _convolved(x, width, 1, f"{name}_2")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.Activation("relu", name=f"{name}_relu")(x)
