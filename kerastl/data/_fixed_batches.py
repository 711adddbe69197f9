"""Batches of one shape for `fit`: what is compiled of them is what `train_on_batch` runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np

from kerastl._base.keras_import import import_keras

_PREFETCHED = 2


def fixed_batches(batches: Iterator[tuple[np.ndarray, ...]]) -> Any:
    """Return a pipeline of the batches.

    A generator that is given to `fit` has batches of an open size, which rounds sums in another order, and networks
    of another last digit come of it.

    Args:
        batches: Arrays of one length a batch. Where one is shorter than the first, since something could not be read,
            its own rows fill it up, again from its beginning.

    Returns:
        What can be gone through once: a `tf.data.Dataset`, or a generator where Keras runs on another backend, which
        would have TensorFlow imported for nothing.
    """
    first = next(batches)
    size = len(first[0])

    def filled() -> Iterator[tuple[np.ndarray, ...]]:
        for batch in chain([first], batches):
            yield batch if len(batch[0]) == size else tuple(np.resize(part, (size, *part.shape[1:])) for part in batch)

    if import_keras().backend.backend() != "tensorflow":
        return filled()
    import tensorflow as tf

    signature = tuple(tf.TensorSpec(part.shape, part.dtype) for part in first)
    return tf.data.Dataset.from_generator(filled, output_signature=signature).prefetch(_PREFETCHED)
