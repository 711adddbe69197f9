"""The networks beside the backbone, which only pre-training needs: small ones on top of it, and a copy that follows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

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


def momentum_at(progress: float, start: float) -> float:
    """How much of itself the copy keeps in a step (Grill et al. 2020, section 3.3).

    Args:
        progress: How much of the run is done, in [0, 1].
        start: What it is at the beginning; 1 is what it ends with.
    """
    return 1.0 - (1.0 - start) * (math.cos(math.pi * progress) + 1) / 2


def follower_pairs(leaders: Sequence[keras.Model], followers: Sequence[keras.Model]) -> list[tuple[Any, Any]]:
    """Pair the weights that train with those of the copy, and keep the optimizer off the copy's.

    The copy's layers stay trainable: BatchNorm would use its moving statistics in one that is not.

    Args:
        leaders: Networks that learn.
        followers: Networks of the same make, in the same order.
    """
    pairs = []
    for leader, follower in zip(leaders, followers, strict=True):
        copies = list(follower.trainable_variables)
        pairs += list(zip(leader.trainable_variables, copies, strict=True))
        for copy in copies:
            copy.trainable = False
    return pairs


def follow(pairs: Sequence[tuple[Any, Any]], momentum: Any) -> None:
    """Move each copy to `momentum * copy + (1 - momentum) * leader` (section 3.1)."""
    for leader, copy in pairs:
        m = ops.cast(momentum, copy.dtype)
        copy.assign(m * copy + (1 - m) * ops.stop_gradient(ops.convert_to_tensor(leader)))
