"""The small networks on top of the backbone, which only pre-training needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import keras
import numpy as np

# What published self-supervised training runs with (0.1 in PyTorch's terms). The catalog's 0.99 and 0.999 would
# leave the moving statistics of a short run near where they began, and with them what the features are in prediction.
_NORM_MOMENTUM = 0.9


def perceptron(inputs: int, widths: Sequence[int], seed: int, name: str) -> keras.Model:
    """Dense layers with BatchNorm and ReLU between them; the last has neither, nor a bias.

    Args:
        inputs: Width of what comes in.
        widths: Of each layer, at least one.
        seed: Of the first weights.
        name: Of the network.
    """
    start = x = keras.Input((inputs,))
    for number, width in enumerate(widths):
        kernel = keras.initializers.HeNormal(seed=seed + number)
        x = keras.layers.Dense(width, use_bias=False, kernel_initializer=kernel, dtype="float32")(x)
        if number < len(widths) - 1:
            x = keras.layers.BatchNormalization(momentum=_NORM_MOMENTUM, epsilon=1e-5, dtype="float32")(x)
            x = keras.layers.ReLU(dtype="float32")(x)
    return keras.Model(start, x, name=name)


def follow_batches_closely(backbone: keras.Model) -> None:
    """Let the moving statistics of all BatchNorm layers be those of the last few dozen batches."""
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, _NORM_MOMENTUM)


def settle_norms(network: keras.Model, batches: Iterable[np.ndarray]) -> None:
    """Make the moving statistics of BatchNorm the plain mean over some batches, with the weights as they are now.

    After a few steps the moving statistics still hold what they began with (Wu and Johnson 2021, Rethinking "Batch"
    in BatchNorm, section 3).

    Args:
        network: Pixels to whatever; every layer of it is run.
        batches: float32 `(n, h, w, 3)`.
    """
    norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    momenta = [layer.momentum for layer in norms]
    try:
        for number, batch in enumerate(batches):
            for layer in norms:
                layer.momentum = number / (number + 1)
            network(batch, training=True)
    finally:
        for layer, momentum in zip(norms, momenta, strict=True):
            layer.momentum = momentum
