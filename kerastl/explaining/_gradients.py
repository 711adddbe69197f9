"""Gradients of a class's score with respect to a network's input: the one thing that Keras leaves to its backend."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from kerastl.errors import ModelError, UsageError
from kerastl.explaining._methods import METHODS

if TYPE_CHECKING:
    import keras
    import numpy as np

    ClassGradient: TypeAlias = Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]]


def class_gradient(model: keras.Model) -> ClassGradient:
    """Make the function that differentiates a network's scores.

    Args:
        model: From inputs of shape (n, ...) to scores of shape (n, classes). It runs in inference mode.

    Returns:
        A function of the inputs, float32, and a class. It gives that class's scores, float32 of shape (n,), and
        their gradients, float32 of the inputs' shape. It is compiled when it is first called, for any n.

    Raises:
        UsageError: Keras runs on a backend other than TensorFlow and JAX.
    """
    import keras
    from keras import ops

    known = {"tensorflow": _tensorflow, "jax": _jax}
    backend = keras.backend.backend()
    if backend not in known:
        others = ", ".join(method.name for method in METHODS.usable() if method.needs == "predict")
        raise UsageError(
            f"on Keras's backend {backend} only methods without gradients work ({others}); "
            f"use {' or '.join(known)} for the others"
        )
    differentiated = known[backend](lambda inputs, index: ops.take(model(inputs, training=False), index, axis=1))

    def call(inputs: np.ndarray, index: int) -> tuple[np.ndarray, np.ndarray]:
        scores, gradient = differentiated(inputs, index)
        if gradient is None:
            raise ModelError(f"the scores of {model.name} do not depend on its input in a way that has a gradient")
        return ops.convert_to_numpy(scores), ops.convert_to_numpy(gradient)

    return call


def _tensorflow(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    import tensorflow as tf

    @tf.function(reduce_retracing=True, autograph=False)  # which leaves temporary files
    def differentiated(inputs: tf.Tensor, index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor | None]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            scores = function(inputs, index)
        return scores, tape.gradient(scores, inputs)

    return lambda inputs, index: differentiated(tf.convert_to_tensor(inputs), tf.constant(index))


def _jax(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    import jax

    @jax.jit
    def differentiated(inputs: Any, index: Any) -> tuple[Any, Any]:
        scores, pull_back = jax.vjp(lambda tensor: function(tensor, index), inputs)
        return scores, pull_back(jax.numpy.ones_like(scores))[0]

    return differentiated
