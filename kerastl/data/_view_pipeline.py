"""Batches of random views for self-supervised training, made in a `tf.data` pipeline from pixels in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerastl.data._augment import batch_rng, order_rng
from kerastl.data._views import LUMA, Draws, Views, draw
from kerastl.images._input_size import InputSize, sides_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VIEWS = 2
_WORKERS = 2  # batches that are varied at the same time, beside the one that is trained on


@dataclass(frozen=True)
class ViewFeed:
    """Batches of pairs of views; what a step brings depends on the seed, the epoch and the step alone.

    Args:
        rows: Given numbers of images, their pixels: uint8 `(n, height, width, 3)`, RGB.
        count: Number of images.
        side: Height and width in pixels of what `rows` gives, or one number for both.
        size: Height and width of the views, likewise.
        batch_size: Images in a batch, at most `count`. The rest that fills no batch is left out, another one each
            epoch.
        seed: Of orders and views.
        views: How they differ.
    """

    rows: Callable[[NDArray[np.int64]], NDArray[np.uint8]]
    count: int
    side: InputSize
    size: InputSize
    batch_size: int
    seed: int
    views: Views

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return self.count // min(self.batch_size, self.count)

    def batches(self, epochs: int, first_epoch: int = 0, first_step: int = 0) -> Any:
        """The batches of all epochs one after the other, from a step on.

        Args:
            epochs: Of the whole run.
            first_epoch: The epoch to begin with, from 0.
            first_step: The step in it, from 0.

        Returns:
            A `tf.data.Dataset` of float32 `(2 n, height, width, 3)`, RGB, 0-255: one view of each of n images, then
            the other of each, in the same order.
        """
        import tensorflow as tf

        def pixels() -> Iterator[tuple[Any, ...]]:
            for epoch in range(first_epoch, epochs):
                begin = first_step if epoch == first_epoch else 0
                order = order_rng(self.seed, epoch).permutation(self.count)
                for step in range(begin, self.steps):
                    chosen = order[step * size : (step + 1) * size]
                    yield self.rows(chosen), *draw(self.views, VIEWS * size, batch_rng(self.seed, epoch, step))

        number, size = None, min(self.batch_size, self.count)
        signature = (
            tf.TensorSpec((number, *sides_of(self.side), 3), tf.uint8),
            *(tf.TensorSpec((number, *shape), tf.float32) for shape in ((4,), (3, 3), (), (), ())),
        )
        dataset = tf.data.Dataset.from_generator(pixels, output_signature=signature)
        make = tf.autograph.experimental.do_not_convert(  # converting leaves temporary files
            lambda image, *drawn: apply(image, Draws(*drawn), self.size, blur=self.views.blur > 0)
        )
        dataset = dataset.map(make, num_parallel_calls=_WORKERS, deterministic=True)
        return dataset.prefetch(2)


def apply(pixels: Any, draws: Draws, size: InputSize, *, blur: bool = True) -> Any:
    """Make views of images, all at once.

    Args:
        pixels: uint8 `(n, height, width, 3)`, RGB.
        draws: For a multiple of n views; view i is of image `i % n`.
        size: Height and width of a view in pixels, or one number for both.
        blur: Whether any view may be blurred; if not, no time is spent on it.

    Returns:
        float32 tensor of shape (views, height, width, 3), RGB, 0-255. Cropping is bilinear; order: crop and flip,
        colors, blur, solarize.
    """
    import tensorflow as tf

    height, width = sides_of(size)
    count = tf.shape(draws.boxes)[0]
    image = tf.range(count) % tf.shape(pixels)[0]
    seen = tf.image.crop_and_resize(pixels, draws.boxes, image, (height, width))
    gray = _mean_gray(seen)
    flat = tf.reshape(seen, (count, height * width, 3))
    colored = tf.matmul(flat, draws.colors, transpose_b=True) + (draws.offsets * gray)[:, None, None]
    seen = tf.clip_by_value(tf.reshape(colored, (count, height, width, 3)), 0.0, 255.0)
    if blur:
        seen = _blurred(seen, draws.blurs, min(height, width))
    inverted = tf.logical_and(draws.solarized[:, None, None, None] > 0, seen >= 128.0)
    return tf.ensure_shape(tf.where(inverted, 255.0 - seen, seen), (None, height, width, 3))


def _mean_gray(pixels: Any) -> Any:
    import tensorflow as tf

    return tf.linalg.matvec(tf.reduce_mean(pixels, axis=[1, 2]), tf.constant([LUMA]))[:, 0]


def _blurred(pixels: Any, shares: Any, side: int) -> Any:
    """Mix in a Gaussian blur whose standard deviation is a 64th of the shorter side, mirrored at the edges."""
    import tensorflow as tf

    rows = tf.where(shares > 0)[:, 0]

    def mixed() -> Any:
        sharp = tf.gather(pixels, rows)
        share = tf.gather(shares, rows)[:, None, None, None]
        mixture = sharp + share * (_soft(sharp, side / 64) - sharp)
        return tf.tensor_scatter_nd_update(pixels, rows[:, None], mixture)

    return tf.cond(tf.size(rows) > 0, mixed, lambda: pixels)


def _soft(pixels: Any, deviation: float) -> Any:
    import tensorflow as tf

    reach = max(1, round(2 * deviation))
    weights = tf.exp(-(tf.range(-reach, reach + 1, dtype=tf.float32) ** 2) / (2 * deviation**2))
    weights /= tf.reduce_sum(weights)
    soft = tf.pad(pixels, [[0, 0], [reach, reach], [reach, reach], [0, 0]], mode="SYMMETRIC")
    for shape in ((-1, 1), (1, -1)):
        kernel = tf.tile(tf.reshape(weights, shape)[:, :, None, None], (1, 1, 3, 1))
        soft = tf.nn.depthwise_conv2d(soft, kernel, (1, 1, 1, 1), "VALID")
    return soft
