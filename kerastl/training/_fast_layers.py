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


def convolution(layer: keras.layers.Layer, inputs: Any, *, training: bool | None) -> Any:
    """What the layer computes, with its bias and activation."""
    inputs = tf.cast(inputs, layer.compute_dtype)
    outputs = convolve(layer, inputs, tf.cast(layer.kernel, inputs.dtype))
    if layer.use_bias:
        outputs = tf.nn.bias_add(outputs, tf.cast(layer.bias, inputs.dtype))
    return outputs if layer.activation is None else layer.activation(outputs)


def normalization(layer: keras.layers.BatchNormalization, inputs: Any, *, training: bool | None) -> Any:
    """What the layer computes of (n, height, width, channels)."""
    inputs = tf.cast(inputs, layer.compute_dtype)
    if training and layer.trainable:
        return _normalized_by_batch(layer, inputs)
    factor, offset = _affine(layer, layer.moving_mean, layer.moving_variance)
    return tf.nn.bias_add(inputs * tf.cast(factor, inputs.dtype), tf.cast(offset, inputs.dtype))


def normalized_convolution(
    layer: keras.layers.Layer, norm: keras.layers.BatchNormalization, inputs: Any, *, training: bool | None
) -> Any:
    """What a convolution without an activation and the normalization of its outputs compute."""
    inputs = tf.cast(inputs, layer.compute_dtype)
    bias = layer.bias if layer.use_bias else None
    if not (training and norm.trainable):
        return _normalized_by_moving(norm, layer, inputs, bias)
    if type(layer) is keras.layers.Conv2D and layer.kernel_size == (1, 1):
        inputs = _strided(inputs, layer.strides)
        # In bfloat16 what should cancel out in the gradient would be rounded first.
        if layer.filters >= 2 * inputs.shape[-1] and inputs.dtype == tf.float32:
            return _normalized_by_inputs(norm, inputs, tf.convert_to_tensor(layer.kernel), bias)
        return _normalized_by_batch(norm, pointwise(inputs, tf.cast(layer.kernel, inputs.dtype)), bias)
    return _normalized_by_batch(norm, convolve(layer, inputs, tf.cast(layer.kernel, inputs.dtype)), bias)


def _normalized_by_moving(norm: Any, layer: Any, inputs: Any, bias: Any) -> Any:
    """Convolve and normalize by fixed statistics."""
    kernel = tf.convert_to_tensor(layer.kernel)
    factor, offset = _affine(norm, norm.moving_mean, norm.moving_variance)
    if bias is not None:
        offset += bias * factor
    per_filter = tf.reshape(factor, kernel.shape[2:] if isinstance(layer, keras.layers.DepthwiseConv2D) else (-1,))
    outputs = convolve(layer, inputs, tf.cast(kernel * per_filter, inputs.dtype))
    return tf.nn.bias_add(outputs, tf.cast(offset, inputs.dtype))


def _normalized_by_inputs(norm: Any, inputs: Any, kernel: Any, bias: Any) -> Any:
    """Convolve with a kernel of one place and normalize by statistics that follow from those of the inputs."""
    mean, covariance = moments(tf.reshape(inputs, (-1, inputs.shape[-1])))
    columns = kernel[0, 0]
    variance = tf.reduce_sum(columns * tf.matmul(covariance, columns), axis=0)
    _follow(norm, tf.linalg.matvec(columns, mean, transpose_a=True), variance, bias)
    factor = _factor(norm, variance)
    folded = tf.cast(kernel * factor, inputs.dtype)
    # By the kernel as it is rounded, so that the outputs have the right mean.
    offset = -tf.linalg.matvec(tf.cast(folded[0, 0], tf.float32), mean, transpose_a=True)
    if norm.center:
        offset += norm.beta
    return tf.nn.bias_add(pointwise(inputs, folded), tf.cast(_without(bias, offset), inputs.dtype))


def _normalized_by_batch(norm: Any, inputs: Any, bias: Any = None) -> Any:
    """Normalize by the batch's statistics."""
    channels = inputs.shape[-1]
    scale = tf.convert_to_tensor(norm.gamma) if norm.scale else tf.ones((channels,))
    offset = tf.convert_to_tensor(norm.beta) if norm.center else tf.zeros((channels,))
    outputs, mean, variance = tf.compat.v1.nn.fused_batch_norm(
        inputs, scale, _without(bias, offset), epsilon=norm.epsilon, is_training=True
    )
    # TensorFlow's variance is that of a sample, Keras's that of the batch.
    count = tf.cast(tf.size(inputs) // channels, tf.float32)
    _follow(norm, mean, variance * (tf.maximum(count - 1, 1) / count), bias)
    return outputs


def _without(bias: Any, offset: Any) -> Any:
    """The offset alone, since normalization takes a bias out again; the bias has a gradient, which is zero."""
    return offset if bias is None else offset + 0.0 * bias


def _strided(inputs: Any, strides: tuple[int, int]) -> Any:
    """The places that a kernel of one place looks at."""
    return inputs if strides == (1, 1) else inputs[:, :: strides[0], :: strides[1]]


def _factor(norm: Any, variance: Any) -> Any:
    factor = tf.math.rsqrt(tf.convert_to_tensor(variance) + norm.epsilon)
    return factor * norm.gamma if norm.scale else factor


def _affine(norm: Any, mean: Any, variance: Any) -> tuple[Any, Any]:
    """Normalization by these statistics as a factor and an offset, each float32 (channels,)."""
    factor = _factor(norm, variance)
    offset = -mean * factor
    return factor, offset + norm.beta if norm.center else offset


def _follow(norm: Any, mean: Any, variance: Any, bias: Any) -> None:
    """Move the statistics that prediction uses: those of outputs with their bias."""
    mean = mean if bias is None else mean + bias
    for moving, new in ((norm.moving_mean, mean), (norm.moving_variance, variance)):
        moving.assign(moving * norm.momentum + tf.stop_gradient(new) * (1.0 - norm.momentum))
