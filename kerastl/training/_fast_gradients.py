"""Operations whose gradients TensorFlow computes slowly on a CPU, with gradients of our own.

Only for the TensorFlow backend.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf

# Of bfloat16, and more places than this: oneDNN sums over them faster as a convolution than as a product.
_MANY_PLACES = 1_000


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
    strides = (1, stride, stride, 1)
    if inputs.dtype != tf.bfloat16 or stride == 1:
        return tf.nn.depthwise_conv2d(inputs, kernel, strides, padding)

    @tf.custom_gradient
    def strided(values: Any, taps: Any) -> Any:
        def gradient(upstream: Any) -> tuple[Any, Any]:
            # TensorFlow has no fast way of its own for bfloat16 here.
            inputs = tf.raw_ops.DepthwiseConv2dNativeBackpropInput(
                input_sizes=tf.shape(values),
                filter=tf.cast(taps, tf.float32),
                out_backprop=tf.cast(upstream, tf.float32),
                strides=strides,
                padding=padding,
            )
            kernel = tf.raw_ops.DepthwiseConv2dNativeBackpropFilter(
                input=values, filter_sizes=tf.shape(taps), out_backprop=upstream, strides=strides, padding=padding
            )
            return tf.cast(inputs, values.dtype), kernel

        return tf.nn.depthwise_conv2d(values, taps, strides, padding), gradient

    return strided(inputs, kernel)


def _places(inputs: Any) -> int:
    height, width = inputs.shape[1:3]
    return (height or 1) * (width or 1)
