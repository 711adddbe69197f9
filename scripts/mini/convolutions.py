"""Keras's convolutions, computed in a way that is faster in training on a CPU."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

LARGEST_MAP, SMALLEST_KERNEL = 6, (5, 5)
"""Up to so many places a side, and from this kernel on, our own gradient costs less than TensorFlow's: measured."""


class PointwiseConv2D(keras.layers.Conv2D):
    """Keras's layer for kernels of one place, strides of one and no bias: one product of matrices."""

    def call(self, inputs: Any) -> Any:
        """Mix the channels of (n, height, width, channels)."""
        height, width, channels = inputs.shape[1:]
        kernel = tf.reshape(self.kernel.value, (channels, self.filters))
        return tf.reshape(tf.matmul(tf.reshape(inputs, (-1, channels)), kernel), (-1, height, width, self.filters))


class FastDepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """Keras's layer, padded to the same size and without a bias; on small maps its kernel's gradient is our own."""

    def call(self, inputs: Any) -> Any:
        """Convolve (n, height, width, channels)."""
        side = max(inputs.shape[1:3])
        if side > LARGEST_MAP or self.kernel_size < SMALLEST_KERNEL or self.strides != (1, 1):
            return super().call(inputs)
        return _convolve(inputs, tf.convert_to_tensor(self.kernel.value))


@tf.custom_gradient
def _convolve(pixels: tf.Tensor, kernel: tf.Tensor) -> Any:
    def convolved(values: tf.Tensor, taps: tf.Tensor) -> tf.Tensor:
        return tf.nn.depthwise_conv2d(values, taps, (1, 1, 1, 1), "SAME")

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return convolved(upstream, kernel[::-1, ::-1]), _kernel_gradient(pixels, upstream, kernel.shape)

    return convolved(pixels, kernel), gradient


def _kernel_gradient(pixels: tf.Tensor, upstream: tf.Tensor, shape: tf.TensorShape) -> tf.Tensor:
    """Of each channel, the product of every input place with every output place, summed over those of one offset."""
    height, width, channels = pixels.shape[1:]
    rows = tf.reshape(pixels, (-1, height * width, channels))
    columns = tf.reshape(upstream, (-1, height * width, channels))
    products = tf.matmul(tf.transpose(rows, (2, 1, 0)), tf.transpose(columns, (2, 0, 1)))
    pairs = tf.constant(_offsets(height, width, *shape[:2]), pixels.dtype)
    taps = tf.matmul(tf.reshape(products, (channels, -1)), pairs)
    return tf.reshape(tf.transpose(taps), shape)


def _offsets(height: int, width: int, rows: int, columns: int) -> Any:
    """1 where an input place and an output place are a tap apart, shape (pairs of places, taps)."""
    y, x = np.divmod(np.arange(height * width), width)
    down, right = (place[:, None] - place[None, :] for place in (y, x))
    taps = [(row - rows // 2, column - columns // 2) for row in range(rows) for column in range(columns)]
    return np.stack([((down == row) & (right == column)).ravel() for row, column in taps], axis=1)
