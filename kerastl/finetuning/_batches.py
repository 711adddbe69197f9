"""Batches for training and validation, from cached features or computed on the way.

What an epoch brings depends on the seed, the phase and the number of the epoch alone, so that training can go on
after any epoch as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import NamedTuple, Protocol

import numpy as np

from kerastl.errors import DataError, ImageError
from kerastl.inference._engines import Engine
from kerastl.inference._ordered_map import ordered_map
from kerastl.training._samples import Sample

# When more than this fraction of the images cannot be read, it is the disk and not the images.
_TOO_MANY_BROKEN = 0.1


class Batch(NamedTuple):
    """What one training step sees.

    Args:
        inputs: float32 `(b, ...)`: activations at the boundary, or pixels in [0, 255].
        targets: float32 `(b, classes)`, rows sum to 1.
        weights: float32 `(b,)`, of each example in the loss.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


class Feed(Protocol):
    """A source of training batches."""

    steps: int

    def batches(self, epoch: int) -> Iterator[Batch]:
        """The batches of an epoch, `steps` of them, the same whenever it is asked for."""


def epoch_order(seed: Sequence[int], epoch: int, rows: int, batch_size: int) -> np.ndarray:
    """Return the rows of an epoch, shuffled, as batches of equal size.

    The rest that fills no batch is left out, another one each epoch: batches of one shape are compiled once, and
    a very small batch would upset BatchNorm.

    Returns:
        int64 `(steps, batch_size)`; of all rows when there are fewer than `batch_size`.
    """
    size = min(batch_size, rows)
    order = np.random.default_rng([*seed, epoch]).permutation(rows)
    return order[: rows // size * size].reshape(-1, size)


class CachedFeed:
    """Batches from a feature store.

    Args:
        features: `(images * views, ...)`, float16 or float32; the views of an image lie together.
        views: Of each image; every epoch draws one of them.
        targets: float32 `(images, classes)`.
        weights: float32 `(images,)`.
        usable: Numbers of the images to train on.
        batch_size: At most.
        seed: Numbers that the order depends on.
    """

    def __init__(
        self,
        features: np.ndarray,
        views: int,
        targets: np.ndarray,
        weights: np.ndarray,
        usable: np.ndarray,
        batch_size: int,
        seed: Sequence[int],
    ) -> None:
        self._features = features
        self._views = views
        self._targets = targets
        self._weights = weights
        self._usable = usable
        self._batch_size = batch_size
        self._seed = tuple(seed)
        self.steps = len(epoch_order(self._seed, 0, len(usable), batch_size))

    def batches(self, epoch: int) -> Iterator[Batch]:
        """See `Feed`."""
        view = np.random.default_rng([*self._seed, epoch, 1]).integers(self._views, size=len(self._targets))
        for rows in epoch_order(self._seed, epoch, len(self._usable), self._batch_size):
            images = self._usable[rows]
            inputs = np.asarray(self._features[images * self._views + view[images]], np.float32)
            yield Batch(inputs, self._targets[images], self._weights[images])


class StreamedFeed:
    """Batches whose images are read, augmented and brought to the boundary in each epoch.

    An image that cannot be read any more is left out.

    Args:
        samples: Given the epoch: one sample an image.
        engine: To the boundary; None where the pixels are the boundary.
        targets: float32 `(images, classes)`.
        weights: float32 `(images,)`.
        usable: Numbers of the images to train on.
        batch_size: At most.
        seed: Numbers that the order depends on.
        mix: Mixes the examples of a batch (mixup, cutmix); gets the batch and a generator.
        workers: Threads that read images.
        on_skip: Told the number of an image that cannot be read any more, and why.
    """

    def __init__(
        self,
        samples: Callable[[int], Sequence[Sample]],
        engine: Engine | None,
        targets: np.ndarray,
        weights: np.ndarray,
        usable: np.ndarray,
        batch_size: int,
        seed: Sequence[int],
        mix: Callable[[Batch, np.random.Generator], Batch] | None = None,
        workers: int = 2,
        on_skip: Callable[[int, str], None] | None = None,
    ) -> None:
        self._samples = samples
        self._engine = engine
        self._targets = targets
        self._weights = weights
        self._usable = usable
        self._batch_size = batch_size
        self._seed = tuple(seed)
        self._mix = mix
        self._workers = workers
        self._on_skip = on_skip
        self._skipped: dict[int, str] = {}
        self.steps = len(epoch_order(self._seed, 0, len(usable), batch_size))

    def batches(self, epoch: int) -> Iterator[Batch]:
        """See `Feed`; raises `DataError` when too many images cannot be read."""
        samples = self._samples(epoch)
        order = epoch_order(self._seed, epoch, len(self._usable), self._batch_size)
        rows = ordered_map(partial(self._rows, samples), self._usable[order].ravel(), self._workers)
        for number in range(len(order)):
            batch = list(islice(rows, order.shape[1]))
            read = [(image, row) for image, row in batch if row is not None]
            if not read or len(self._skipped) > max(1, _TOO_MANY_BROKEN * len(self._usable)):
                reason = next(iter(self._skipped.values()))
                raise DataError(f"{len(self._skipped)} images cannot be read any more, the first: {reason}")
            images = np.array([image for image, _ in read])
            inputs = np.stack([row for _, row in read])
            made = Batch(inputs, self._targets[images], self._weights[images])
            yield self._mix(made, np.random.default_rng([*self._seed, epoch, number, 2])) if self._mix else made

    def _rows(self, samples: Sequence[Sample], images: Sequence[int]) -> list[tuple[int, np.ndarray | None]]:
        return [self._row(samples, image) for image in images]

    def _row(self, samples: Sequence[Sample], image: int) -> tuple[int, np.ndarray | None]:
        try:
            pixels = samples[image].pixels()
        except ImageError as error:
            self._skipped[image] = str(error)
            if self._on_skip:
                self._on_skip(image, error.reason)
            return image, None
        if self._engine is None:
            return image, pixels.astype(np.float32)
        return image, np.asarray(self._engine.predict(pixels[None])[0], np.float32)
