"""A network that trains faster computes what Keras computes of the same layers: forward, backward, and statistics."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from kerastl.training._fast_network import FastNetwork, faster

SIDE, CHANNELS = 9, 6


def made(*steps, side=SIDE, channels=CHANNELS):
    """A model of these layers, one after the other, none of whose weights is what it was at first."""
    start = x = keras.Input((side, side, channels))
    for step in steps:
        x = step(x)
    return randomized(keras.Model(start, x))


def randomized(model):
    draw = np.random.default_rng(0)
    model.set_weights(
        [
            draw.uniform(0.3, 1, weight.shape) * draw.choice([-1, 1]) ** (weight.ndim > 1)
            for weight in model.get_weights()
        ]
    )
    for layer in model._flatten_layers():
        if hasattr(layer, "kernel"):
            layer.kernel.assign(draw.normal(size=layer.kernel.shape))
    return model


def shown(model, images, training):
    """Outputs, gradients by the images and all trainable weights, and the weights afterwards, which go back."""
    before = model.get_weights()
    pixels = tf.constant(images)
    with tf.GradientTape() as tape:
        tape.watch(pixels)
        outputs = model(pixels, training=training)
        loss = tf.reduce_sum(tf.sin(tf.cast(outputs, tf.float32))) + sum(model.losses)
    found = tape.gradient(loss, [pixels, *(variable.value for variable in model.trainable_variables)])
    after = model.get_weights()
    model.set_weights(before)
    assert all(gradient is not None for gradient in found)
    return [outputs, *found, *after]


def assert_same(model, tolerance=2e-4, images=None):
    fast = faster(model)
    assert isinstance(fast, FastNetwork)
    assert [id(one) for one in fast.variables] == [id(one) for one in model.variables]
    if images is None:
        images = np.random.default_rng(1).normal(0.5, 1, (4, *model.input_shape[1:])).astype("float32")
    for training in (True, False):
        for ours, theirs in zip(shown(fast, images, training), shown(model, images, training), strict=True):
            ours, theirs = np.asarray(ours, np.float32), np.asarray(theirs, np.float32)
            scale = max(1.0, np.abs(theirs).max())
            np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=tolerance)
    return fast


def norm(**options):
    return layers.BatchNormalization(**{"momentum": 0.8, "epsilon": 1e-3, **options})


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("filters", [4, 20], ids=["to fewer channels", "to more channels"])
@pytest.mark.parametrize("stride", [1, 2])
def test_convolutions_of_one_place(filters, stride, bias):
    assert_same(made(layers.Conv2D(filters, 1, stride, use_bias=bias), norm(), layers.ReLU(6.0)))


CONVOLUTIONS = {
    "plain": lambda: layers.Conv2D(5, 3, use_bias=False),
    "same": lambda: layers.Conv2D(5, (3, 2), 2, "same"),
    "dilated": lambda: layers.Conv2D(5, 3, dilation_rate=2),
    "grouped": lambda: layers.Conv2D(8, 3, groups=2),
    "decayed": lambda: layers.Conv2D(5, 1, kernel_regularizer="l2", bias_regularizer="l2"),
    "bounded": lambda: layers.Conv2D(5, 1, activity_regularizer="l2"),
    "activated": lambda: layers.Conv2D(5, 1, activation="relu"),
    "depthwise": lambda: layers.DepthwiseConv2D(3, padding="same", use_bias=False),
    "depthwise, strided": lambda: layers.DepthwiseConv2D(3, 2, "same"),
    "depthwise, doubled": lambda: layers.DepthwiseConv2D(3, 2, "valid", depth_multiplier=2),
    "depthwise, dilated": lambda: layers.DepthwiseConv2D(3, dilation_rate=2),
    "depthwise, uneven": lambda: layers.DepthwiseConv2D((2, 3), padding="same", activation="relu"),
    "separable": lambda: layers.SeparableConv2D(5, 3),
    "transposed": lambda: layers.Conv2DTranspose(5, 3, 2),
}


@pytest.mark.parametrize("frozen", [False, True], ids=["trained", "frozen"])
@pytest.mark.parametrize("kind", CONVOLUTIONS)
def test_convolutions_of_all_kinds(kind, frozen):
    last = norm()
    model = made(CONVOLUTIONS[kind](), last)
    last.trainable = not frozen
    assert_same(model)


@pytest.mark.parametrize(
    "options",
    [{"scale": False}, {"center": False}, {"scale": False, "center": False}, {"gamma_regularizer": "l2"}],
    ids=str,
)
@pytest.mark.parametrize("filters", [4, 20])
def test_normalization_without_scale_or_center(filters, options):
    assert_same(made(layers.Conv2D(filters, 1), norm(**options)))


@pytest.mark.parametrize("size", [(3, 3), (4, 5), (7, 6)])
def test_large_depthwise_kernels_on_small_maps(size):
    start = keras.Input((*size, CHANNELS))
    assert_same(randomized(keras.Model(start, layers.DepthwiseConv2D(5, padding="same")(start))))


def test_normalization_that_stands_alone():
    model = made(norm(), layers.ReLU(), norm())
    model.layers[1].trainable = False
    assert_same(model)


def test_what_a_convolution_gives_to_two_is_computed_once_for_both():
    start = keras.Input((SIDE, SIDE, CHANNELS))
    x = layers.Conv2D(12, 1)(start)
    assert_same(randomized(keras.Model(start, layers.Add()([norm()(x), x]))))


def test_a_layer_that_is_used_twice():
    start = keras.Input((SIDE, SIDE, CHANNELS))
    convolution, normalization = layers.Conv2D(CHANNELS, 1), norm()
    x = normalization(convolution(start))
    assert_same(randomized(keras.Model(start, normalization(convolution(x)))), tolerance=2e-3)


def test_frozen_convolutions_get_no_gradient():
    model = made(layers.Conv2D(12, 1), norm(), layers.Conv2D(4, 3))
    model.layers[1].trainable = False
    assert len(assert_same(model).trainable_variables) == 4


def test_a_network_within_the_network():
    inner = made(layers.Conv2D(12, 1), norm(), side=SIDE + 2)
    assert_same(made(layers.ZeroPadding2D(), inner, layers.Conv2D(3, 3), norm()))


def test_whether_a_call_is_said_to_train_counts_as_in_keras():
    start = keras.Input((SIDE, SIDE, CHANNELS))
    inner = made(layers.Conv2D(12, 1), norm(), side=SIDE)
    x = norm()(inner(start, training=False), training=False)
    assert_same(randomized(keras.Model(start, layers.Conv2D(2, 1)(x))))


def test_channels_far_from_zero():
    """Statistics of products follow from those of their inputs even where means are large against deviations."""
    images = np.random.default_rng(1).normal(30, 1, (4, SIDE, SIDE, CHANNELS)).astype("float32")
    assert_same(made(layers.Conv2D(24, 1), norm()), images=images, tolerance=2e-3)


@pytest.mark.parametrize(
    "kind", ["plain", "same", "depthwise", "depthwise, strided", "depthwise, doubled", "activated"]
)
def test_bfloat16_is_as_near_to_float32_as_that_of_keras(kind):
    """Eight bits are kept of each number, so that outputs of about 1 may differ by some hundredths."""
    images = np.random.default_rng(1).normal(0.5, 1, (4, SIDE, SIDE, CHANNELS)).astype("float32")
    found = []
    for policy in ("float32", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        try:
            model = made(CONVOLUTIONS[kind](), norm(), layers.ReLU(6.0), layers.Conv2D(24, 1), norm())
        finally:
            keras.config.set_dtype_policy("float32")
        found.append((shown(model, images, True), shown(faster(model), images, True), model))
    (exact, _, _), (theirs, ours, model) = found
    assert faster(model)(images).dtype == tf.bfloat16
    for right, keras_has, we_have in zip(exact, theirs, ours, strict=True):
        error, allowed = (
            np.abs(np.asarray(one, np.float32) - np.asarray(right)).mean() for one in (we_have, keras_has)
        )
        assert error <= 3 * allowed + 1e-3 * np.abs(right).mean() + 1e-6


@pytest.mark.parametrize("kernel", [1, 3])
def test_overflow_is_no_number(kernel):
    model = made(layers.Conv2D(12, kernel, use_bias=False), norm())
    images = np.full((2, SIDE, SIDE, CHANNELS), 1e30, "float32") * np.random.default_rng(0).normal(size=(2, 1, 1, 1))
    assert np.isnan(np.asarray(faster(model)(images.astype("float32"), training=True))).all()


def test_float16_and_float64_stay_as_they_are():
    for dtype in ("mixed_float16", "float64"):
        model = made(layers.Conv2D(4, 1, dtype=dtype), norm(dtype=dtype))
        assert faster(model) is model


def test_classes_of_ones_own_stay_as_they_are():
    class Doubled(layers.Conv2D):
        def call(self, inputs):
            return 2 * super().call(inputs)

    assert_same(made(Doubled(12, 1), norm()))
    model = made(Doubled(4, 1))
    assert faster(model) is model


def test_what_has_no_convolutions_stays_as_it_is():
    model = keras.Sequential([keras.Input((4,)), layers.Dense(3), norm()])
    assert faster(model) is model


def test_other_backends_keep_their_layers(monkeypatch):
    model = made(layers.Conv2D(4, 1), norm())
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert faster(model) is model


@pytest.mark.parametrize("build", ["MobileNet", "MobileNetV2", "mini"])
def test_networks_of_the_catalog(build):
    if build == "mini":
        from kerastl.models._mini.network import KerastlMini

        model = KerastlMini(include_top=False)
    else:
        options = {"alpha": 0.25} if build == "MobileNet" else {"alpha": 0.35}
        model = getattr(keras.applications, build)(input_shape=(64, 64, 3), weights=None, include_top=False, **options)
    images = np.random.default_rng(1).uniform(-1, 1, (8, *model.input_shape[1:])).astype("float32")
    targets = np.random.default_rng(2).normal(size=(8, *model.output_shape[1:])).astype("float32")
    before, losses = model.get_weights(), []
    for network in (model, faster(model)):
        network.set_weights(before)
        network.compile(keras.optimizers.SGD(1e-3), "mse")
        losses.append([network.train_on_batch(images, targets) for _ in range(2)])
        after = network.get_weights()
        network.set_weights(before)
        losses[-1].append([np.abs(new - old).mean() for new, old in zip(after, before, strict=True)])
    (*theirs, moved), (*ours, moved_too) = losses
    assert isinstance(faster(model), FastNetwork)
    np.testing.assert_allclose(ours, theirs, rtol=2e-3)
    np.testing.assert_allclose(moved_too, moved, rtol=0.1, atol=1e-5)
