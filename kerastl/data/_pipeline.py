"""Images as batches for Keras: `tf.data` pipelines over one decode path.

What is trained on in an epoch, in which order and how varied, depends on the seed and the epoch only. So a run that
was stopped goes on with the images that it would have seen.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from kerastl.data._augment import augment, batch_rng, image_rng, order_rng
from kerastl.data._augmentation import Augmentation
from kerastl.data._dataset import Dataset, Item
from kerastl.data._mixup import mix
from kerastl.errors import ImageError, UsageError
from kerastl.images import Resize, open_image
from kerastl.inference._ordered_map import ordered_map

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NOTHING = Augmentation()


class Images:
    """The images of a data set or of a part of it, as arrays.

    `failure` holds the error of the image that stopped a pipeline: TensorFlow hands on its text only.

    Args:
        dataset: Where the images lie, and its classes.
        items: Which of them, in the order that indices count.
        resize: How they become the network's input.
        workers: Threads that decode; as many as there are processors if None.

    Example:
        >>> from kerastl.data import Images, scan
        >>> from kerastl.images import Resize
        >>> dataset = scan("data/shapes")
        >>> images = Images(dataset, dataset.items, Resize(32, 32))
        >>> len(images), images.pixels(0).shape
        (88, (32, 32, 3))
    """

    def __init__(self, dataset: Dataset, items: Sequence[Item], resize: Resize, *, workers: int | None = None) -> None:
        if not items:
            raise UsageError("there are no images to read. Received: items=()")
        self.files = [str(dataset.file(item)) for item in items]
        self.labels = dataset.one_hot(items)
        self.resize = resize
        self.workers = workers or os.cpu_count() or 1
        self.failure: ImageError | None = None

    def __len__(self) -> int:
        return len(self.files)

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """One image as prediction sees it: shape `(height, width, 3)`, uint8."""
        return self.resize.read(self.files[index])

    def varied(self, index: int, epoch: int, seed: int, options: Augmentation) -> NDArray[np.uint8]:
        """One image as `epoch` of a training run sees it: shape `(height, width, 3)`, uint8."""
        if not options.varies_images:
            return self.pixels(index)
        image = open_image(self.files[index], target=self.resize)
        return augment(image, self.resize, options, image_rng(seed, epoch, index))

    def read(
        self, indices: Sequence[int], batch_size: int, one: Callable[[int], NDArray[np.uint8]]
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint8]]]:
        """Read images in threads, in order.

        Args:
            indices: Which.
            batch_size: How many together; the last are fewer.
            one: `pixels`, or `varied` with its arguments bound.

        Yields:
            Their indices, shape `(n,)`, and pixels, shape `(n, height, width, 3)`.
        """
        import numpy as np

        try:
            decoded = ordered_map(lambda group: [one(index) for index in group], indices, self.workers, group=4)
            for start in range(0, len(indices), batch_size):
                numbers = np.array(indices[start : start + batch_size], dtype=np.int64)
                yield numbers, np.stack(list(islice(decoded, batch_size)))
        except ImageError as error:
            self.failure = error
            raise


def steps(count: int, batch_size: int) -> int:
    """Batches in an epoch of `count` images; the last may be smaller."""
    return math.ceil(count / batch_size)


def training(
    images: Images,
    *,
    batch_size: int,
    seed: int,
    augmentation: Augmentation = NOTHING,
    first_epoch: int = 0,
    epochs: int = 1,
    class_weights: Sequence[float] | None = None,
) -> Any:
    """Batches for `model.fit(data, steps_per_epoch=steps(len(images), batch_size), shuffle=False)`.

    Args:
        images: What to train on.
        batch_size: Images in a batch; the last of an epoch may be smaller.
        seed: With the epoch, it decides the order and all that is random; 0 or more.
        augmentation: How images are varied.
        first_epoch: Where a run that was stopped goes on.
        epochs: How many epochs follow, one after the other in the same pipeline.
        class_weights: A weight for each class, in class order, or None.

    Returns:
        A `tf.data.Dataset` of `(pixels, labels)` or `(pixels, labels, weights)`: float32 in 0-255 of shape
        `(n, height, width, 3)`; float32 of shape `(n, classes)`, rows summing to 1; float32 of shape `(n,)`.

    Raises:
        UsageError: If an argument is out of range.
    """
    if batch_size < 1 or seed < 0 or epochs < 1:
        raise UsageError(
            "batch_size and epochs must be 1 or more and seed 0 or more. "
            f"Received: batch_size={batch_size}, epochs={epochs}, seed={seed}"
        )

    def batches() -> Iterator[tuple[Any, ...]]:
        import numpy as np

        weights = None if class_weights is None else np.asarray(class_weights, dtype=np.float32)
        for epoch in range(first_epoch, first_epoch + epochs):
            order = order_rng(seed, epoch).permutation(len(images)).tolist()
            one = partial(images.varied, epoch=epoch, seed=seed, options=augmentation)
            for step, (numbers, pixels) in enumerate(images.read(order, batch_size, one)):
                values, labels = mix(pixels, images.labels[numbers], augmentation, batch_rng(seed, epoch, step))
                # Rounding what was mixed changes it by half a level at most, and leaves a quarter to copy.
                values = values if values.dtype == np.uint8 else np.rint(values).astype(np.uint8)
                yield (values, labels) if weights is None else (values, labels, labels @ weights)

    count = epochs * steps(len(images), batch_size)
    return _dataset(images, batches, count, weighted=class_weights is not None)


def evaluation(images: Images, *, batch_size: int = 32) -> Any:
    """Batches in the order of the images, once through, their pixels those that prediction sees.

    Args:
        images: What to evaluate on.
        batch_size: Images in a batch; the last may be smaller.

    Returns:
        A `tf.data.Dataset` of `(pixels, labels)` as `training` gives them, labels one-hot.
    """

    def batches() -> Iterator[tuple[Any, ...]]:
        for numbers, pixels in images.read(range(len(images)), batch_size, images.pixels):
            yield pixels, images.labels[numbers]

    return _dataset(images, batches, steps(len(images), batch_size))


def _dataset(
    images: Images, batches: Callable[[], Iterator[tuple[Any, ...]]], count: int, *, weighted: bool = False
) -> Any:
    import tensorflow as tf

    signature = (
        tf.TensorSpec((None, images.resize.height, images.resize.width, 3), tf.uint8),
        tf.TensorSpec((None, images.labels.shape[1]), tf.float32),
        tf.TensorSpec((None,), tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature if weighted else signature[:2])
    as_floats = tf.autograph.experimental.do_not_convert(lambda pixels, *rest: (tf.cast(pixels, tf.float32), *rest))
    dataset = dataset.map(as_floats)  # converting leaves temporary files
    return dataset.apply(tf.data.experimental.assert_cardinality(count)).prefetch(2)
