"""A copy of a network whose weights follow the network's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


def momentum_at(share: float, start: float) -> float:
    """How much of itself the copy keeps in a step (Grill et al. 2020, section 3.3).

    Args:
        share: How much of the run is done, in [0, 1].
        start: What it is at the beginning; 1 is what it ends with.
    """
    return 1.0 - (1.0 - start) * (math.cos(math.pi * share) + 1) / 2


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
