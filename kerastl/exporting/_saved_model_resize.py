"""Resizing as a part of a SavedModel: what `kerastl.images.Resize` does, in TensorFlow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kerastl.images import Resize

if TYPE_CHECKING:
    import tensorflow as tf


def resized(pixels: tf.Tensor, resize: Resize) -> tf.Tensor:
    """Make images fit a network.

    Pixels are those of `Resize.read`; a few differ by 1 of 255, and more where that shrinks a large image in two steps.
    What has the network's size already stays as it is.

    Args:
        pixels: Numbers 0-255 of shape (n, height, width, 3), of any size that all of them share.
        resize: How they are to fit; `white_level` is about files.

    Returns:
        float32 of shape (n, resize.height, resize.width, 3), whole numbers 0-255.
    """
    import tensorflow as tf

    fits = tf.reduce_all(tf.equal(tf.shape(pixels)[1:3], [resize.height, resize.width]))
    scale = _nearest if resize.policy == "keras" else _bicubic
    result = tf.cond(fits, lambda: tf.cast(pixels, tf.float32), lambda: scale(pixels, resize))
    return tf.ensure_shape(result, (None, *resize.shape))


def _nearest(pixels: tf.Tensor, resize: Resize) -> tf.Tensor:
    import tensorflow as tf

    for axis, target in ((1, resize.height), (2, resize.width)):
        step = tf.cast(tf.shape(pixels)[axis], tf.float64) / target
        # Added up as Pillow does it, so that what lies between two pixels is rounded to the same one.
        places = tf.cumsum(tf.concat([[step * 0.5], tf.fill([target - 1], step)], 0))
        pixels = tf.gather(pixels, tf.cast(tf.floor(places), tf.int32), axis=axis)
    return tf.cast(pixels, tf.float32)


def _bicubic(pixels: tf.Tensor, resize: Resize) -> tf.Tensor:
    """Keys's cubic filter (a = -0.5), widened when shrinking; outside of the image is black."""
    import tensorflow as tf

    target = tf.constant([resize.height, resize.width], tf.float32)
    size = tf.cast(tf.shape(pixels)[1:3], tf.float32)
    if resize.policy == "pad":
        fitted = tf.maximum(1.0, tf.round(size * tf.reduce_min(target / size)))
        scale, shift = fitted / size, tf.floor((target - fitted) / 2)
    else:
        fraction = resize.crop_fraction * tf.reduce_min(size / target) * target if resize.policy == "crop" else size
        region = tf.minimum(fraction, size)
        scale = target / region
        shift = -(size - region) / 2 * scale
    result = _scaled(pixels, resize.height, tf.shape(pixels)[2], (scale[0], 1.0), (shift[0], 0.0))
    return _scaled(result, resize.height, resize.width, (1.0, scale[1]), (0.0, shift[1]))


def _scaled(pixels: tf.Tensor, height: Any, width: Any, scale: tuple[Any, Any], shift: tuple[Any, Any]) -> tf.Tensor:
    """Along one axis; rounded to whole numbers, as `kerastl.images` does it after each."""
    import tensorflow as tf

    result = tf.raw_ops.ScaleAndTranslate(
        images=pixels,
        size=tf.stack([height, width]),
        scale=tf.stack(scale),
        translation=tf.stack(shift),
        kernel_type="keyscubic",
        antialias=True,
    )
    return tf.clip_by_value(tf.round(result), 0.0, 255.0)
