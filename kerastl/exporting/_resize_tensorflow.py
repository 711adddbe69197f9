"""Reading images of any size as part of a SavedModel: crop, squash or pad, with antialiased bicubic resizing.

The same as `kerastl.exporting._resize_graph` for ONNX, by an operation of TensorFlow's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kerastl.images import Resize
from kerastl.images._resizing import ResizePolicy

if TYPE_CHECKING:
    import tensorflow as tf


def resized(pixels: tf.Tensor, resize: Resize) -> tf.Tensor:
    """Bring images to the network's size; those that have it already stay as they are.

    Args:
        pixels: uint8 or float32 tensor of shape (n, height, width, 3), 0 to 255.
        resize: What is done to an image.

    Returns:
        float32 tensor of shape (n, resize.height, resize.width, 3), whole numbers from 0 to 255.
    """
    import tensorflow as tf

    if resize.policy == "keras":
        return tf.cast(_nearest(pixels, resize), tf.float32)
    wanted = (resize.height, resize.width)
    size = tf.cast(tf.shape(pixels)[1:3], tf.float32)
    scale, translation = _PLACES[resize.policy](size, tf.constant(wanted, tf.float32), resize.crop_fraction)
    # As kerastl reads images, first down, then across, with whole numbers between.
    low = _scaled(pixels, resize.height, tf.shape(pixels)[2], (scale[0], 1.0), (translation[0], 0.0))
    return _scaled(low, resize.height, resize.width, (1.0, scale[1]), (0.0, translation[1]))


def _scaled(
    pixels: tf.Tensor, height: Any, width: Any, scale: tuple[Any, Any], translation: tuple[Any, Any]
) -> tf.Tensor:
    import tensorflow as tf

    # With "keyscubic" the filter is that of Keys 1981 with a = -0.5; outside of the image all is 0.
    small = tf.raw_ops.ScaleAndTranslate(
        images=pixels,
        size=tf.stack([height, width]),
        scale=tf.stack(scale),
        translation=tf.stack(translation),
        kernel_type="keyscubic",
        antialias=True,
    )
    return tf.clip_by_value(tf.floor(small + 0.5), 0.0, 255.0)


def _crop(size: tf.Tensor, wanted: tf.Tensor, fraction: float) -> tuple[tf.Tensor, tf.Tensor]:
    import tensorflow as tf

    as_it_is = tf.reduce_all(tf.equal(size, wanted))
    step = tf.reduce_min(size / wanted) * tf.where(as_it_is, 1.0, fraction)
    start = (size - step * wanted) / 2
    return tf.fill([2], 1 / step), -start / step


def _squash(size: tf.Tensor, wanted: tf.Tensor, fraction: float) -> tuple[tf.Tensor, tf.Tensor]:
    import tensorflow as tf

    return wanted / size, tf.zeros(2)


def _pad(size: tf.Tensor, wanted: tf.Tensor, fraction: float) -> tuple[tf.Tensor, tf.Tensor]:
    import tensorflow as tf

    fitted = tf.maximum(tf.round(size * tf.reduce_min(wanted / size)), 1.0)
    return fitted / size, tf.floor((wanted - fitted) / 2)


# Given the size, the wanted size and the fraction that is kept: by how much an image is scaled, then shifted.
_PLACES: Mapping[ResizePolicy, Callable[[tf.Tensor, tf.Tensor, float], tuple[tf.Tensor, tf.Tensor]]] = {
    "crop": _crop,
    "squash": _squash,
    "pad": _pad,
}


def _nearest(pixels: tf.Tensor, resize: Resize) -> tf.Tensor:
    """See `kerastl.exporting._resize_graph`."""
    import tensorflow as tf

    for axis, side in ((1, resize.height), (2, resize.width)):
        step = tf.cast(tf.shape(pixels)[axis], tf.float64) / side
        steps = tf.concat([[step / 2], tf.fill([side - 1], step)], 0)
        pixels = tf.gather(pixels, tf.cast(tf.cumsum(steps), tf.int32), axis=axis)
    return pixels
