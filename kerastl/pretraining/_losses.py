"""The objectives of self-supervised training, as functions of the embeddings of two views.

All take float tensors of shape `(n, d)` whose rows belong to each other, and give a scalar.
"""

from __future__ import annotations

from typing import Any

from keras import ops


def barlow_twins(first: Any, second: Any, redundancy: float = 5e-3, epsilon: float = 1e-5) -> Any:
    """Cross-correlation of the views' features against the identity (Zbontar et al. 2021, equations 1 and 2).

    Args:
        first: Embeddings `(n, d)` of one view.
        second: Those of the other.
        redundancy: Weight of the entries off the diagonal.
        epsilon: Added to variances before the root.
    """
    a, b = (_standardized(view, epsilon) for view in (first, second))
    matrix = ops.matmul(ops.transpose(a), b) / ops.cast(ops.shape(first)[0], a.dtype)
    diagonal = ops.diagonal(matrix)
    off = ops.sum(ops.square(matrix)) - ops.sum(ops.square(diagonal))
    return ops.sum(ops.square(1.0 - diagonal)) + redundancy * off


def _standardized(view: Any, epsilon: float) -> Any:
    centered = view - ops.mean(view, axis=0)
    return centered / ops.sqrt(ops.mean(ops.square(centered), axis=0) + epsilon)


def byol(prediction: Any, target: Any) -> Any:
    """Squared distance of unit vectors (Grill et al. 2020, equation 2): 2 minus twice their cosine, in [0, 4].

    Args:
        prediction: `(n, d)`, of the network that learns.
        target: `(n, d)`, of the one that follows. No gradient goes there.
    """
    a, b = ops.normalize(prediction, axis=-1), ops.normalize(ops.stop_gradient(target), axis=-1)
    return ops.mean(2.0 - 2.0 * ops.sum(a * b, axis=-1))
