"""Random weights under which every layer matters, and how far two networks' probabilities are apart under them.

A network with the weights that Keras begins with cannot tell a right export from a wrong one: deep ones give the same
probabilities for every image, and those of ConvNeXt hardly use their blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_LEAST = 1e-12  # probabilities below are rounding


def patterns(count: int, height: int, width: int, seed: int = 0) -> np.ndarray:
    """Images of colored squares, coarse and fine: uint8 array of shape (count, height, width, 3)."""
    random = np.random.default_rng(seed)
    images = np.empty((count, height, width, 3), np.uint8)
    for place in range(count):
        squares = 2 ** int(random.integers(1, 5))
        colors = random.integers(0, 256, (squares, squares, 3))
        large = colors.repeat(-(-height // squares), 0).repeat(-(-width // squares), 1)[:height, :width]
        images[place] = np.clip(large + random.integers(-25, 26, large.shape), 0, 255)
    return images


def randomize(model: Any, images: np.ndarray, seed: int = 0) -> Any:
    """Give a network random weights under which images get different probabilities.

    Kernels are drawn as by He et al. (2015), scales around 1; the statistics of normalizations are those of the images.
    Offsets of batch normalizations are around 1, so that five of six values pass a ReLU: around 0, rounding grows a
    hundredfold on its way through fifty layers, which it does in no trained network. The last layer is scaled so that
    the log-odds of each class have the mean 0 over the images, and those of all classes the standard deviation 1.

    Args:
        model: From float32 pixels to the softmax of a layer with a kernel.
        images: uint8 array of shape (n, height, width, 3).
        seed: Of the weights.

    Returns:
        `model`, whose weights are changed.
    """
    random = np.random.default_rng(seed)
    for layer in model.layers:
        for variable in layer.weights:
            if (drawn := _draw(random, type(layer).__name__, variable.name, tuple(variable.shape))) is not None:
                variable.assign(drawn)
    pixels = images.astype(np.float32)
    with _statistics_of_images(model):
        model(pixels, training=True)
    last = [layer for layer in model.layers if getattr(layer, "kernel", None) is not None][-1]
    log_odds = _before_activation(model, last, pixels)
    scale = 1 / max(float((log_odds - log_odds.mean(0)).std()), 1e-6)
    last.kernel.assign(np.asarray(last.kernel) * scale)
    last.bias.assign((np.asarray(last.bias) - log_odds.mean(0)) * scale)
    return model


def _draw(random: np.random.Generator, layer: str, name: str, shape: tuple[int, ...]) -> np.ndarray | None:
    """A variable's values; None where they stay."""
    if name.endswith("kernel"):
        depthwise = layer.startswith("Depthwise") or name == "depthwise_kernel"
        fan_in = math.prod(shape[:2]) if depthwise else math.prod(shape[:-1])
        return random.normal(0, math.sqrt(2 / fan_in), shape)
    if layer == "LayerScale":  # its variable has no name of its own
        return random.uniform(0.15, 0.45, shape)
    if name == "gamma":
        return random.uniform(0.5, 1.5, shape)
    if name == "beta":
        return random.normal(1 if layer == "BatchNormalization" else 0, 0.2, shape)
    if name == "bias":
        return random.normal(0, 0.1, shape)
    return None


@contextmanager
def _statistics_of_images(model: Any) -> Iterator[None]:
    """Have normalizations take the statistics of what goes through in training, all at once."""
    layers = [layer for layer in model.layers if type(layer).__name__ == "BatchNormalization"]
    before = [layer.momentum for layer in layers]
    for layer in layers:
        layer.momentum = 0.0
    try:
        yield
    finally:
        for layer, momentum in zip(layers, before, strict=True):
            layer.momentum = momentum


def _before_activation(model: Any, layer: Any, pixels: np.ndarray) -> np.ndarray:
    """What a layer computes before its activation: array of shape (n, classes)."""
    import keras

    activation, layer.activation = layer.activation, keras.activations.linear
    try:
        found = keras.Model(model.input, layer.output)(pixels, training=False)
    finally:
        layer.activation = activation
    return np.asarray(found).reshape(len(pixels), -1)


def relative_difference(received: np.ndarray, expected: np.ndarray) -> float:
    """How far probabilities are from others, as a fraction of how much images differ.

    Both are compared by their logarithms less the mean over the classes, which are the inputs of the softmax but for
    a constant.

    Args:
        received: float array of shape (n, classes).
        expected: The same shape; the images must get different probabilities.

    Returns:
        The root mean square of the differences, divided by that of how much each of the expected is from the mean over
        the images: 1 or more for a network that does not look at them.
    """
    logarithms = [np.log(np.maximum(each.astype(np.float64), _LEAST)) for each in (received, expected)]
    found, right = (each - each.mean(1, keepdims=True) for each in logarithms)
    spread = math.sqrt(np.mean((right - right.mean(0)) ** 2))
    if spread < 1e-3:
        raise ValueError("the images get the same probabilities, so that nothing can be told apart")
    return math.sqrt(np.mean((found - right) ** 2)) / spread
