"""Keras's convolutions and batch normalization, computed from the same layers in ways that train faster on a CPU.

What holds a CPU back in training is memory, not arithmetic: Keras normalizes a batch in a dozen passes over a feature
map, and its gradient takes more. Here a convolution and the normalization behind it are computed together:

- Fixed statistics are a factor for each channel and an offset, which go into the kernel and its bias.
- The statistics of a batch behind a convolution of one place follow from those of what goes in, which has fewer
  channels: with mean m and covariance C of the inputs, a column w of the kernel gives the mean m w and the variance
  w' C w. So these, too, go into kernel and bias.
- Otherwise TensorFlow's fused operation normalizes.

Only for the TensorFlow backend: `kerastl.training._fast_network` decides where each is used.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from kerastl.training._fast_gradients import depthwise, moments, pointwise


def convolve(layer: keras.layers.Layer, inputs: Any, kernel: Any) -> Any:
    """Apply a convolution with another kernel, without its bias and activation.

    Args:
        layer: Of one of the classes in `kerastl.training._fast_network`.
        inputs: (n, height, width, channels), in the layer's compute dtype.
        kernel: Of the same shape as the layer's, in the same dtype.
    """
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        if layer.dilation_rate == (1, 1) and layer.strides[0] == layer.strides[1]:
            return depthwise(inputs, kernel, layer.strides[0], layer.padding.upper())
        return keras.ops.depthwise_conv(
            inputs, kernel, layer.strides, layer.padding, layer.data_format, layer.dilation_rate
        )
    if layer.kernel_size == (1, 1):
        return pointwise(_strided(inputs, layer.strides), kernel)
    return keras.ops.conv(inputs, kernel, layer.strides, layer.padding, layer.data_format, layer.dilation_rate)


def convolution(layer: keras.layers.Layer, inputs: Any, *, training: bool) -> Any:
    """What the layer computes, with its bias and activation."""
    inputs = tf.cast(inputs, layer.compute_dtype)
    outputs = convolve(layer, inputs, tf.cast(layer.kernel, inputs.dtype))
    if layer.use_bias:
        outputs = tf.nn.bias_add(outputs, tf.cast(layer.bias, inputs.dtype))
    return outputs if layer.activation is None else layer.activation(outputs)


def normalization(layer: keras.layers.BatchNormalization, inputs: Any, *, training: bool) -> Any:
    """What the layer computes of (n, height, width, channels)."""
    inputs = tf.cast(inputs, layer.compute_dtype)
    if training and layer.trainable:
        return _normalized_by_batch(layer, inputs)
    factor, offset = _affine(layer, layer.moving_mean, layer.moving_variance)
    return tf.nn.bias_add(inputs * tf.cast(factor, inputs.dtype), tf.cast(offset, inputs.dtype))


def normalized_convolution(
    layer: keras.layers.Layer, norm: keras.layers.BatchNormalization, inputs: Any, *, training: bool
) -> Any:
    """What a convolution without an activation and the normalization of its outputs compute."""
    inputs = tf.cast(inputs, layer.compute_dtype)
    kernel, bias = tf.convert_to_tensor(layer.kernel), layer.bias if layer.use_bias else None
    if training and norm.trainable:
        if layer.kernel_size != (1, 1) or isinstance(layer, keras.layers.DepthwiseConv2D):
            return _normalized_by_batch(norm, convolve(layer, inputs, tf.cast(kernel, inputs.dtype)), bias)
        inputs = _strided(inputs, layer.strides)
        if layer.filters < 2 * inputs.shape[-1]:
            return _normalized_by_batch(norm, pointwise(inputs, tf.cast(kernel, inputs.dtype)), bias)
        mean, variance = _moments_behind(inputs, kernel[0, 0])
        mean = mean if bias is None else mean + bias
        _follow(norm, mean, variance)
        factor, offset = _affine(norm, mean, variance)
        folded = tf.cast(kernel * factor, inputs.dtype)
        outputs = pointwise(inputs, folded)
    else:
        factor, offset = _affine(norm, norm.moving_mean, norm.moving_variance)
        shape = (*kernel.shape[2:],) if isinstance(layer, keras.layers.DepthwiseConv2D) else (-1,)
        outputs = convolve(layer, inputs, tf.cast(kernel * tf.reshape(factor, shape), inputs.dtype))
    if bias is not None:
        offset += bias * factor
    return tf.nn.bias_add(outputs, tf.cast(offset, inputs.dtype))


def _strided(inputs: Any, strides: tuple[int, int]) -> Any:
    """The places that a kernel of one place looks at."""
    return inputs if strides == (1, 1) else inputs[:, :: strides[0], :: strides[1]]


def _affine(layer: keras.layers.BatchNormalization, mean: Any, variance: Any) -> tuple[Any, Any]:
    """Normalization by these statistics as a factor and an offset, each float32 (channels,)."""
    factor = tf.math.rsqrt(tf.convert_to_tensor(variance) + layer.epsilon)
    if layer.scale:
        factor *= layer.gamma
    offset = -mean * factor
    return factor, offset + layer.beta if layer.center else offset


def _normalized_by_batch(layer: keras.layers.BatchNormalization, inputs: Any, bias: Any = None) -> Any:
    """Normalize by the batch's statistics; a bias that was left out changes nothing but the mean."""
    channels = inputs.shape[-1]
    scale = tf.convert_to_tensor(layer.gamma) if layer.scale else tf.ones((channels,))
    offset = tf.convert_to_tensor(layer.beta) if layer.center else tf.zeros((channels,))
    if bias is not None:
        offset += 0.0 * bias  # it has a gradient, which is zero
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, scale, offset, epsilon=layer.epsilon, is_training=True
    )
    # TensorFlow's variance is that of a sample, Keras's that of the batch.
    count = tf.cast(tf.size(inputs) // channels, tf.float32)
    _follow(layer, mean if bias is None else mean + bias, variance * (tf.maximum(count - 1, 1) / count))
    return outputs


def _moments_behind(inputs: Any, kernel: Any) -> tuple[Any, Any]:
    """Mean and variance of the products of all places with a kernel (channels, filters), each float32 (filters,)."""
    mean, covariance = moments(tf.reshape(inputs, (-1, inputs.shape[-1])))
    variance = tf.reduce_sum(kernel * tf.matmul(covariance, kernel), axis=0)
    return tf.linalg.matvec(kernel, mean, transpose_a=True), variance


def _follow(layer: keras.layers.BatchNormalization, mean: Any, variance: Any) -> None:
    """Move the statistics that prediction uses."""
    for moving, new in ((layer.moving_mean, mean), (layer.moving_variance, variance)):
        moving.assign(moving * layer.momentum + tf.stop_gradient(new) * (1.0 - layer.momentum))
