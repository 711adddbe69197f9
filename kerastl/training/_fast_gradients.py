"""Operations whose gradients TensorFlow computes slowly on a CPU, with gradients of our own.

Only for the TensorFlow backend.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

# Of bfloat16, and more places than this: oneDNN sums over them faster as a convolution than as a product.
_MANY_PLACES = 1_000
# Of depthwise kernels: up to so many places a side, and from so many taps a side on.
_LARGEST_MAP, _SMALLEST_KERNEL = 7, 5


def pointwise(inputs: Any, kernel: Any) -> Any:
    """Convolve with a kernel of one place: one product of matrices, and two in the gradient.

    Args:
        inputs: (n, height, width, channels).
        kernel: (1, 1, channels, filters).

    Returns:
        (n, height, width, filters).
    """
    if inputs.dtype == tf.bfloat16 and _places(inputs) > _MANY_PLACES:
        return tf.nn.conv2d(inputs, kernel, 1, "VALID")
    channels, filters = kernel.shape[2:]
    products = tf.matmul(tf.reshape(inputs, (-1, channels)), tf.reshape(kernel, (channels, filters)))
    shape = tf.shape(inputs)
    outputs = tf.reshape(products, tf.concat([shape[:3], [filters]], axis=0))
    return tf.ensure_shape(outputs, (*inputs.shape[:3], filters))


@tf.custom_gradient
def moments(rows: Any) -> Any:
    """Mean and covariance of the columns.

    Args:
        rows: (n, channels).

    Returns:
        float32 (channels,) and (channels, channels).
    """
    exact = tf.cast(rows, tf.float32)
    mean = tf.reduce_mean(exact, axis=0)
    count = tf.cast(tf.shape(rows)[0], tf.float32)
    centered = exact - mean
    covariance = tf.matmul(centered, centered, transpose_a=True) / count

    def gradient(from_mean: Any, from_covariance: Any) -> Any:
        # What the rows have in common with their mean cancels out, since they are centered by it.
        kernel = (from_covariance + tf.transpose(from_covariance)) / count
        offset = from_mean / count - tf.linalg.matvec(kernel, mean, transpose_a=True)
        return tf.nn.bias_add(tf.matmul(rows, tf.cast(kernel, rows.dtype)), tf.cast(offset, rows.dtype))

    return (mean, covariance), gradient


def depthwise(inputs: Any, kernel: Any, stride: int, padding: str) -> Any:
    """Convolve each channel by itself.

    Args:
        inputs: (n, height, width, channels).
        kernel: (rows, columns, channels, multiplier).
        stride: In both directions.
        padding: `SAME` or `VALID`.
    """
    if stride == 1 and padding == "SAME" and _many_taps(inputs, kernel):
        return _densely(inputs, kernel)
    if stride > 1 and inputs.dtype == tf.bfloat16:
        return _strided(inputs, kernel, stride, padding)
    return tf.nn.depthwise_conv2d(inputs, kernel, (1, stride, stride, 1), padding)


def _many_taps(inputs: Any, kernel: Any) -> bool:
    """Whether the kernel is large and the map small: TensorFlow's gradient of the kernel takes twice the time of ours.

    Of 3 x 3 taps, its own is the faster one.
    """
    rows, columns, _, multiplier = kernel.shape
    side = max(side or _LARGEST_MAP + 1 for side in inputs.shape[1:3])
    return (
        min(rows, columns) >= _SMALLEST_KERNEL and rows % 2 == columns % 2 == multiplier == 1 and side <= _LARGEST_MAP
    )


@tf.custom_gradient
def _densely(inputs: Any, kernel: Any) -> Any:
    def convolved(values: Any, taps: Any) -> Any:
        return tf.nn.depthwise_conv2d(values, taps, (1, 1, 1, 1), "SAME")

    def gradient(upstream: Any) -> tuple[Any, Any]:
        return convolved(upstream, kernel[::-1, ::-1]), _dense_kernel_gradient(inputs, upstream, kernel.shape)

    return convolved(inputs, kernel), gradient


def _dense_kernel_gradient(inputs: Any, upstream: Any, shape: Any) -> Any:
    """Of each channel, the product of every input place with every output place, summed over those of one offset."""
    height, width, channels = inputs.shape[1:]
    rows = tf.reshape(inputs, (-1, height * width, channels))
    columns = tf.reshape(upstream, (-1, height * width, channels))
    products = tf.matmul(tf.transpose(rows, (2, 1, 0)), tf.transpose(columns, (2, 0, 1)))
    pairs = tf.constant(_offsets(height, width, shape[0], shape[1]), inputs.dtype)
    taps = tf.matmul(tf.reshape(products, (channels, -1)), pairs)
    return tf.reshape(tf.transpose(taps), shape)


def _offsets(height: int, width: int, rows: int, columns: int) -> np.ndarray:
    """1 where an input place and an output place are a tap apart, shape (pairs of places, taps)."""
    y, x = np.divmod(np.arange(height * width), width)
    down, right = (place[:, None] - place[None, :] for place in (y, x))
    taps = [(row - rows // 2, column - columns // 2) for row in range(rows) for column in range(columns)]
    return np.stack([((down == row) & (right == column)).ravel() for row, column in taps], axis=1)


def _strided(inputs: Any, kernel: Any, stride: int, padding: str) -> Any:
    """Convolve in bfloat16; the gradient of the inputs is computed in float32, the only fast way that there is."""
    strides = (1, stride, stride, 1)

    @tf.custom_gradient
    def convolved(values: Any, taps: Any) -> Any:
        def gradient(upstream: Any) -> tuple[Any, Any]:
            of_inputs = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(values),
                filter=tf.cast(taps, tf.float32),
                out_backprop=tf.cast(upstream, tf.float32),
                strides=strides,
                padding=padding,
            )
            of_kernel = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                input=values, filter_sizes=tf.shape(taps), out_backprop=upstream, strides=strides, padding=padding
            )
            return tf.cast(of_inputs, values.dtype), of_kernel

        return tf.nn.depthwise_conv2d(values, taps, strides, padding), gradient

    return convolved(inputs, kernel)


def _places(inputs: Any) -> int:
    height, width = inputs.shape[1:3]
    return (height or 1) * (width or 1)
