"""Batches to train on, of features that are kept or of images that are read anew in each epoch.

What an epoch brings depends on the seed, the phase and the number of the epoch alone, so that training can go on
after any epoch as if it had never stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from kerastl.data._augmentation import Augmentation
from kerastl.data._mixup import mix
from kerastl.errors import DataError, ImageError, RecipeError
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._skipped import SkippedImages
from kerastl.finetuning._training_data import TrainingData
from kerastl.inference._engines import Engine, cores
from kerastl.inference._ordered_map import ordered_map
from kerastl.training._process_group import ProcessGroup, current
from kerastl.training._samples import Sample

if TYPE_CHECKING:
    from kerastl.finetuning._features import PhaseFeatures

ALONE = ProcessGroup()

# When more than this fraction of the images cannot be read, it is the disk and not the images.
_TOO_MANY_BROKEN = 0.1


class Batch(NamedTuple):
    """What one training step sees.

    Args:
        inputs: float32 `(b, ...)`: features, or pixels in [0, 255].
        targets: float32 `(b, classes)`, rows sum to 1.
        weights: float32 `(b,)`, of each example in the loss.
    """

    inputs: np.ndarray
    targets: np.ndarray
    weights: np.ndarray


class Batches(Protocol):
    """The training batches of a phase."""

    @property
    def steps(self) -> int:
        """Batches an epoch."""

    def epoch(self, number: int, group: ProcessGroup = ALONE) -> Iterator[Batch]:
        """The batches of an epoch, `steps` of them, the same whenever they are asked for.

        Args:
            number: Of the epoch.
            group: Each process of it gets its part of each batch.
        """


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


@dataclass(frozen=True)
class Examples:
    """What is trained on in a phase, and in which order.

    Args:
        targets: float32 `(images, classes)`.
        weights: float32 `(images,)`.
        usable: Numbers of the images to train on.
        batch_size: At most.
        seed: Numbers that the order depends on.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning import Examples
        >>> targets = np.eye(2, dtype="float32")[np.arange(10) % 2]
        >>> examples = Examples(targets, np.ones(10, "float32"), usable=np.arange(10), batch_size=4, seed=(0, 0))
        >>> examples.steps, examples.order(epoch=0).shape
        (2, (2, 4))
    """

    targets: np.ndarray
    weights: np.ndarray
    usable: np.ndarray
    batch_size: int
    seed: tuple[int, ...]

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return len(self.usable) // min(self.batch_size, len(self.usable))

    def order(self, epoch: int) -> np.ndarray:
        """Numbers of the images of each batch of an epoch, int64 `(steps, b)`."""
        return self.usable[epoch_order(self.seed, epoch, len(self.usable), self.batch_size)]

    def random(self, *numbers: int) -> np.random.Generator:
        """A generator that depends on the seed and on these numbers alone."""
        return np.random.default_rng([*self.seed, *numbers])

    def batch(self, images: np.ndarray, inputs: np.ndarray) -> Batch:
        """The batch of some images, by their numbers, and what the network sees of them."""
        return Batch(inputs, self.targets[images], self.weights[images])


class CachedBatches:
    """Batches of features that are kept.

    Args:
        examples: What is trained on.
        features: `(images * copies, ...)`, float16 or float32; the copies of an image lie together.
        copies: Of each image; every epoch draws one of them.

    Example:
        >>> import numpy as np
        >>> from kerastl.finetuning import CachedBatches, Examples
        >>> targets = np.eye(2, dtype="float32")[np.arange(10) % 2]
        >>> examples = Examples(targets, np.ones(10, "float32"), usable=np.arange(10), batch_size=4, seed=(0, 0))
        >>> batches = CachedBatches(examples, np.zeros((10, 320), "float32"))
        >>> batches.steps, [batch.inputs.shape for batch in batches.epoch(0)]
        (2, [(4, 320), (4, 320)])
    """

    def __init__(self, examples: Examples, features: np.ndarray, copies: int = 1) -> None:
        self._examples = examples
        self._features = features
        self._copies = copies
        self.steps = examples.steps

    def epoch(self, number: int, group: ProcessGroup = ALONE) -> Iterator[Batch]:
        """See `Batches`."""
        examples = self._examples
        copy = examples.random(number, 1).integers(self._copies, size=len(examples.targets))
        order = examples.order(number)
        for images in order[:, group.part(order.shape[1])]:
            inputs = np.asarray(self._features[images * self._copies + copy[images]], np.float32)
            yield examples.batch(images, inputs)


class StreamedBatches:
    """Batches whose images are read, augmented and made features in each epoch.

    An image that cannot be read any more is left out.

    Args:
        examples: What is trained on.
        samples: Given the epoch: one sample an image.
        engine: From pixels to features; None where the pixels are the features.
        mix: Mixes the examples of a batch (mixup, cutmix); gets the batch and a generator.
        workers: Threads that read images.
        on_skip: Told the number of an image that cannot be read any more, and why.
    """

    def __init__(
        self,
        examples: Examples,
        samples: Callable[[int], Sequence[Sample]],
        engine: Engine | None = None,
        *,
        mix: Callable[[Batch, np.random.Generator], Batch] | None = None,
        workers: int = 2,
        on_skip: Callable[[int, str], None] | None = None,
    ) -> None:
        self._examples = examples
        self._samples = samples
        self._engine = engine
        self._mix = mix
        self._workers = workers
        self._on_skip = on_skip
        self._skipped: dict[int, str] = {}
        self.steps = examples.steps

    def epoch(self, number: int, group: ProcessGroup = ALONE) -> Iterator[Batch]:
        """See `Batches`; raises `DataError` when too many images cannot be read."""
        examples, samples = self._examples, self._samples(number)
        order = examples.order(number)
        part = group.part(order.shape[1])
        if self._mix is None:  # else each process needs what its images are mixed with
            order = order[:, part]
        rows = ordered_map(partial(self._rows, samples), order.ravel(), self._workers)
        for step in range(len(order)):
            read = [(image, row) for image, row in islice(rows, order.shape[1]) if row is not None]
            if not read or len(self._skipped) > max(1, _TOO_MANY_BROKEN * len(examples.usable)):
                reason = next(iter(self._skipped.values()))
                raise DataError(f"{len(self._skipped)} images cannot be read any more, the first: {reason}")
            batch = examples.batch(np.array([image for image, _ in read]), np.stack([row for _, row in read]))
            if self._mix is not None:
                batch = Batch(*(rows[part] for rows in self._mix(batch, examples.random(number, step, 2))))
            yield batch

    def _rows(self, samples: Sequence[Sample], images: Sequence[int]) -> list[tuple[int, np.ndarray | None]]:
        return [(image, self._row(samples[image], image)) for image in images]

    def _row(self, sample: Sample, image: int) -> np.ndarray | None:
        try:
            pixels = sample.pixels()
        except ImageError as error:
            self._skipped[image] = str(error)
            if self._on_skip:
                self._on_skip(image, error.reason)
            return None
        if self._engine is None:
            return pixels.astype(np.float32)
        return np.asarray(self._engine.predict(pixels[None])[0], np.float32)


def make_batches(
    features: PhaseFeatures, data: TrainingData, phase: Phase, seed: tuple[int, ...], skipped: SkippedImages
) -> Batches:
    """Make the batches of a phase: of its features where they are kept, else of images that are read in each epoch.

    Args:
        features: What the phase trains on.
        data: The images and their classes.
        phase: For the size of the batches and the augmentation.
        seed: Numbers that the order and the augmentation depend on.
        skipped: Hears of images that cannot be read any more.

    Raises:
        RecipeError: The phase mixes pixels, but does not train on them; or its batches cannot be shared.
    """
    current().check_shared(min(phase.batch_size, len(features.usable)))
    examples = Examples(data.targets(), data.weights(), features.usable, phase.batch_size, seed)
    if features.train is not None:
        return CachedBatches(examples, features.train, features.copies)
    augmentation, extractor = phase.augmentation, features.extractor

    def samples(epoch: int) -> Sequence[Sample]:
        return data.augmented(augmentation, (*seed, epoch)) if augmentation else data.plain(data.train)

    mixing = augmentation if augmentation is not None and augmentation.mixes else None
    if mixing is not None and not extractor.trains_on_pixels:
        raise RecipeError(
            "mixup and cutmix mix pixels: a phase with them must train all, with num_augmented_copies null"
        )
    return StreamedBatches(
        examples,
        samples,
        None if extractor.trains_on_pixels else extractor.engine,
        mix=None if mixing is None else partial(_mixed, mixing),
        workers=cores(),
        on_skip=skipped.skip,
    )


def _mixed(augmentation: Augmentation, batch: Batch, random: np.random.Generator) -> Batch:
    inputs, targets = mix(batch.inputs, batch.targets, augmentation, random)
    return Batch(inputs, targets, batch.weights)
