"""Which operations of a network stay in float32 when the others are quantized, in whatever format.

What follows the last convolution: pooling, normalization, the head and its softmax are little work, and 256 steps are
too coarse for probabilities.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

# Weights of a dense layer on one vector an image. That of ImageNet's classes on 4,096 features, VGG's, has fewer;
# VGG's two before it have more, and are worth 8 bits.
_LARGE_DENSE = 1 << 23


@dataclass(frozen=True)
class Operation:
    """An operation in a network's graph.

    Args:
        inputs: What it is computed from: names or numbers of tensors.
        outputs: What it computes.
        is_work: Whether it takes so much time that 8 bits pay: a convolution, or a dense layer for which
            `is_dense_work` holds.
    """

    inputs: Sequence[Hashable]
    outputs: Sequence[Hashable]
    is_work: bool


def is_dense_work(rank: int, weights: int) -> bool:
    """Whether a dense layer takes so much time that 8 bits pay.

    Args:
        rank: Of its input, the batch included: with more than 2 it is computed at many places, as a convolution is.
        weights: How many it has.
    """
    return rank > 2 or weights >= _LARGE_DENSE


def split_operations(operations: Sequence[Operation]) -> tuple[list[Operation], list[Operation]]:
    """Part the operations that are no work and lead to none from the others.

    Args:
        operations: In an order in which they can be computed.

    Returns:
        The tail and the others, each from the last operation to the first.
    """
    needed: set[Hashable] = set()  # tensors that work is computed from
    tail: list[Operation] = []
    others: list[Operation] = []
    for operation in reversed(operations):
        is_tail = not operation.is_work and needed.isdisjoint(operation.outputs)
        if not is_tail:
            needed.update(operation.inputs)
        (tail if is_tail else others).append(operation)
    return tail, others
