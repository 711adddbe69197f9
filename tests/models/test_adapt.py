"""Any Keras model in: what is found in it, what is cut, and that its copy answers as it does."""

import keras
import numpy as np
import pytest
from keras import layers

from kerastl.errors import UsageError
from kerastl.models import Backbone, Stage, _input_scaling
from kerastl.models._adapt import adapt

SIZE = 32


@keras.saving.register_keras_serializable("kerastl_tests")
class ClassToken(layers.Layer):
    """Puts a learnt token before the others."""

    def build(self, shape):
        self.token = self.add_weight(shape=(1, 1, shape[-1]), name="token", initializer="normal")

    def call(self, tokens):
        return keras.ops.concatenate([keras.ops.repeat(self.token, keras.ops.shape(tokens)[0], 0), tokens], 1)


class Forgetful(layers.Layer):
    """Has an argument that its config does not hold."""

    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale", initializer="ones")

    def call(self, inputs):
        return inputs * self.scale * self.factor

    def get_config(self):
        return super().get_config()


class NoConfig(layers.Layer):
    """Cannot be made again from a config."""

    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function
        self.inner = layers.Dense(2)

    def build(self, shape):
        self.inner.build(shape)

    def call(self, inputs):
        return self.function(self.inner(inputs))


@keras.saving.register_keras_serializable("kerastl_tests")
class Subclassed(keras.Model):
    """A model that is no graph."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.convolution = layers.Conv2D(4, 3)
        self.pool = layers.GlobalAveragePooling2D()

    def call(self, pixels):
        return self.pool(self.convolution(pixels / 255.0))


def images(size=SIZE, count=2):
    return np.random.default_rng(5).integers(0, 256, (count, size, size, 3)).astype(np.float32)


def answers(model, pixels):
    return keras.ops.convert_to_numpy(model(pixels, training=False))


def convolutional(pixels, widths=(4, 6, 8)):
    for number, width in enumerate(widths):
        pixels = layers.Conv2D(width, 3, 2, "same", name=f"block{number}_conv")(pixels)
        pixels = layers.BatchNormalization(name=f"block{number}_norm")(pixels)
        pixels = layers.ReLU(name=f"block{number}_relu")(pixels)
    return pixels


def handmade(head=True, scaling=True, size=SIZE, channels=3):
    """Three convolutions, with statistics of BatchNorm that make a difference."""
    pixels = keras.Input((size, size, channels))
    x = layers.Rescaling(1 / 255)(pixels) if scaling else pixels
    x = convolutional(x)
    if head:
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dropout(0.5)(x)
        x = layers.Dense(10, "softmax", name="classes")(x)
    model = keras.Model(pixels, x, name="handmade")
    random = np.random.default_rng(1)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.set_weights([random.uniform(0.5, 1.5, value.shape) for value in layer.get_weights()])
    return model


def transformer(ends="scores", blocks=4):
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(8, 8, 8, name="patches")(layers.Rescaling(1 / 255)(pixels))
    x = ClassToken(name="class_token")(layers.Reshape((16, 8))(x))
    for number in range(blocks):
        normed = layers.LayerNormalization(name=f"encoder{number}_norm")(x)
        x = layers.Add()([x, layers.MultiHeadAttention(2, 4, name=f"encoder{number}_attention")(normed, normed)])
    if ends == "scores":
        x = layers.Dense(5, name="classes")(x[:, 0])
    return keras.Model(pixels, x, name="transformer")


def test_a_classifier_becomes_features_of_raw_pixels():
    model = handmade()
    adapted = adapt(model)
    features = keras.Model(model.input, model.layers[-4].output)  # below the mean, dropout and the classifier
    assert adapted.backbone.input_shape == (None, SIZE, SIZE, 3)
    np.testing.assert_array_equal(answers(adapted.backbone, images()), answers(features, images()))
    np.testing.assert_array_equal(answers(adapted.classifier, images()), answers(model, images()))
    assert any(line == "its head of 10 classes ('classes', probabilities) is replaced" for line in adapted.findings)


def test_the_given_model_stays_what_it_is():
    model = handmade()
    before, trainable = [value.copy() for value in model.get_weights()], [layer.trainable for layer in model.layers]
    adapted = adapt(model)
    adapted.backbone.trainable = False
    for variable in adapted.backbone.variables:
        variable.assign(variable * 0)
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
    assert [layer.trainable for layer in model.layers] == trainable
    assert len(model.layers[1]._inbound_nodes) == 1


def test_each_layer_with_weights_stands_in_one_stage():
    adapted = adapt(handmade())
    staged = [layer.name for stage in adapted.stages.values() for layer in stage if layer.weights]
    assert sorted(staged) == sorted(layer.name for layer in adapted.backbone.layers if layer.weights)
    assert list(adapted.stages) == ["block2", "block1", "block0"]  # one for each size of the feature map


@pytest.mark.parametrize(
    ("scaling", "expected"),
    [
        ("inside", lambda x: x),
        ("unit", lambda x: x / 255),
        ("tf", lambda x: x / 127.5 - 1),
        ("torch", lambda x: (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]),
        ("caffe", lambda x: x[..., ::-1] - [103.939, 116.779, 123.68]),
        ((2, -3), lambda x: 2 * x - 3),
        (([1, 2, 3], 0.5), lambda x: x * [1, 2, 3] + 0.5),
    ],
    ids=["inside", "unit", "tf", "torch", "caffe", "numbers", "channels"],
)
def test_pixels_are_scaled_as_told(scaling, expected):
    model = handmade(head=False, scaling=False)
    adapted = adapt(model, input_scaling=scaling)
    np.testing.assert_allclose(
        answers(adapted.backbone, images()), answers(model, expected(images()).astype(np.float32)), rtol=1e-4, atol=1e-4
    )


def test_a_scaling_that_cannot_be_known_is_asked_for():
    with pytest.raises(UsageError, match=r"cannot be seen from its layers: say it, input_scaling='inside'.*'torch'"):
        adapt(handmade(scaling=False))


@pytest.mark.parametrize(
    "scaling",
    ["zero", (1,), (1, 2, 3), ([1, 2], 0), (float("nan"), 0), ("a", "b"), 3, (10**400, 0)],
    ids=lambda scaling: str(scaling)[:20],
)
def test_a_scaling_that_is_none_is_refused(scaling):
    with pytest.raises(UsageError, match="input_scaling must be one of"):
        adapt(handmade(), input_scaling=scaling)


def scaled_by(function):
    pixels = keras.Input((SIZE, SIZE, 3))
    return keras.Model(pixels, convolutional(function(pixels)))


@pytest.mark.parametrize(
    "function",
    [
        lambda pixels: layers.Rescaling(1 / 127.5, -1)(pixels),
        lambda pixels: layers.Normalization(mean=[120.0, 110.0, 100.0], variance=[3000.0, 3100.0, 3200.0])(pixels),
        lambda pixels: pixels / 255.0,
        lambda pixels: 2 * (pixels - np.full(3, 127.0, "float32")) / 255,
        keras.applications.resnet50.preprocess_input,
        keras.applications.densenet.preprocess_input,
        lambda pixels: layers.Rescaling(1 / 255)(layers.RandomFlip()(pixels)),
        lambda pixels: keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Rescaling(1 / 255)])(pixels),
    ],
)
def test_a_scaling_that_a_graph_begins_with_is_found(function):
    model = scaled_by(function)
    adapted = adapt(model)
    assert "it scales them itself" in adapted.findings[0]
    np.testing.assert_array_equal(answers(adapted.backbone, images()), answers(model, images()))


def test_a_scaling_of_other_numbers_than_pixels_is_not_taken_for_one_of_pixels():
    with pytest.raises(UsageError, match=r"makes numbers 510 apart of pixels 0-255.*say what it takes"):
        adapt(scaled_by(layers.Rescaling(2.0, -1.0)))  # of [0, 1]


def test_a_network_of_keras_applications_is_known_by_its_layers():
    model = keras.applications.MobileNetV2(alpha=0.35, weights=None, include_top=False, name="mine")
    adapted = adapt(model, input_size=64)
    pixels = images(64)
    assert adapted.row.name == "mobilenet_v2_035"
    assert list(adapted.stages) == ["block_16", "block_13", "block_10", "block_6", "block_3", "block_1", "stem"]
    assert adapted.crop_fraction == adapted.row.crop_fraction
    expected = answers(model, keras.applications.mobilenet_v2.preprocess_input(pixels.copy()))
    np.testing.assert_allclose(answers(adapted.backbone, pixels), expected, rtol=1e-3, atol=1e-4)


def test_a_name_in_common_is_not_enough_to_know_a_network(monkeypatch):
    stages = (Stage("head", after="block2_relu"), Stage("body"))
    row = Backbone("other", "another_package:build", SIZE, stages, input_scaling="tf")
    monkeypatch.setattr(_input_scaling.BACKBONES, "usable", lambda: iter([row]))
    with pytest.raises(UsageError, match="say it, input_scaling="):
        adapt(handmade(scaling=False))


def test_what_stands_above_a_known_network_is_a_stage_of_its_own():
    base = keras.applications.MobileNetV2(alpha=0.35, weights=None, include_top=False, input_shape=(64, 64, 3))
    rest = [layers.GlobalAveragePooling2D(), layers.Dense(7, "relu", name="hidden"), layers.Dense(3, "softmax")]
    model = keras.Sequential([keras.Input((64, 64, 3)), layers.Rescaling(1 / 127.5, -1), base, *rest])
    adapted = adapt(model)
    assert [layer.name for layer in adapted.stages["top"] if layer.weights] == ["hidden"]
    features = answers(keras.Sequential(model.layers[:-1]), images(64))
    np.testing.assert_allclose(answers(adapted.backbone, images(64)), features, rtol=1e-4, atol=1e-5)


def test_the_model_of_the_keras_guide_is_taken_apart():
    base = handmade(head=False, scaling=False)
    base.trainable = False
    pixels = keras.Input((SIZE, SIZE, 3))
    x = keras.Sequential([layers.RandomFlip("horizontal"), layers.RandomRotation(0.1)], name="augmentation")(pixels)
    x = base(layers.Rescaling(1 / 255)(x), training=False)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(pixels, layers.Dense(1, name="scores")(x))
    adapted = adapt(model)
    assert list(adapted.stages) == ["block2", "block1", "block0"]
    assert not any(isinstance(layer, layers.RandomFlip | layers.RandomRotation) for layer in adapted.backbone.layers)
    told = "\n".join(adapted.findings)
    assert "augmentation is left out" in told
    assert "training=False in the call of 'handmade' is left out" in told
    expected = answers(base, images() / 255)
    np.testing.assert_allclose(answers(adapted.backbone, images()), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (lambda x: layers.Activation("softmax")(layers.Dense(4)(layers.Flatten()(x))), "4 classes"),
        (lambda x: layers.Softmax()(layers.Dense(4)(layers.Flatten()(x))), "4 classes"),
        (lambda x: keras.ops.softmax(layers.Dense(4)(layers.Flatten()(x))), "4 classes"),
        (lambda x: layers.Dense(4)(layers.Flatten()(x)), "4 classes"),
        (lambda x: layers.Dense(1, "sigmoid")(layers.Flatten()(x)), "1 class"),
        (lambda x: layers.Softmax()(layers.GlobalAveragePooling2D()(layers.Conv2D(4, 1)(x))), "4 classes"),
        (
            lambda x: layers.Softmax()(
                layers.Flatten()(layers.Conv2D(4, 1)(layers.GlobalAveragePooling2D(keepdims=True)(x)))
            ),
            "4 classes",
        ),
    ],
)
def test_every_kind_of_head_is_cut(end, told):
    pixels = keras.Input((SIZE, SIZE, 3))
    body = convolutional(layers.Rescaling(1 / 255)(pixels))
    adapted = adapt(keras.Model(pixels, end(body)))
    assert any(told in line and "is replaced" in line for line in adapted.findings)
    expected = answers(keras.Model(pixels, body), images())
    found = answers(adapted.backbone, images())
    whole = expected.reshape(2, -1) if found.shape[-1] == 8 * 16 else expected
    if found.shape[1:3] == (1, 1):
        whole = expected.mean(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(found, whole, rtol=1e-5, atol=1e-6)


def test_an_embedding_is_no_head():
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Flatten()(convolutional(layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, layers.Dense(6, "relu", name="embedding")(x))
    adapted = adapt(model)
    assert next(iter(adapted.stages)) == "embedding"
    np.testing.assert_array_equal(answers(adapted.backbone, images()), answers(model, images()))


def test_a_class_token_that_the_head_reads_is_the_feature():
    model = transformer()
    adapted = adapt(model)
    tokens = keras.Model(model.input, model.get_layer("classes").input)
    np.testing.assert_array_equal(answers(adapted.backbone, images()), answers(tokens, images()))
    # Divided by weights: the token is too small for a stage of its own.
    assert list(adapted.stages) == ["encoder3", "encoder2", "encoder1", "stage_2", "patches"]


@pytest.mark.parametrize(
    ("pooling", "expected"),
    [
        ("mean", lambda tokens: tokens.mean(axis=1)),
        ("max", lambda tokens: tokens.max(axis=1)),
        ("token", lambda tokens: tokens[:, 0]),
        ("flatten", lambda tokens: tokens.reshape(len(tokens), -1)),
    ],
)
def test_tokens_are_pooled_as_told(pooling, expected):
    model = transformer(ends="tokens")
    found = answers(adapt(model, pooling=pooling).backbone, images())
    np.testing.assert_allclose(found, expected(answers(model, images())), rtol=1e-5, atol=1e-6)


def test_tokens_are_not_pooled_by_a_guess():
    with pytest.raises(UsageError, match="17 x 8 numbers, tokens by channels: say how"):
        adapt(transformer(ends="tokens"))


@pytest.mark.parametrize(
    ("pooling", "shape"), [("max", (None, 8)), ("mean", (None, 4, 4, 8)), ("flatten", (None, 128))]
)
def test_a_feature_map_is_pooled_as_told(pooling, shape):
    assert adapt(handmade(head=False), pooling=pooling).backbone.output_shape == shape


@pytest.mark.parametrize(
    ("model", "pooling", "message"),
    [
        (lambda: handmade(head=False), "token", "which has no tokens"),
        (transformer, "mean", "already pooled: leave pooling out"),
        (handmade, "median", "pooling must be one of mean, max, token, flatten"),
    ],
)
def test_a_pooling_that_does_not_fit_is_refused(model, pooling, message):
    with pytest.raises(UsageError, match=message):
        adapt(model(), pooling=pooling)


def test_stages_are_named_by_who_gives_the_model():
    adapted = adapt(handmade(), stages={"upper": "block2_conv", "lower": "block1_conv"})
    assert [[layer.name for layer in stage if layer.weights] for stage in adapted.stages.values()] == [
        ["block2_conv", "block2_norm"],
        ["block1_conv", "block1_norm"],
        ["block0_conv", "block0_norm"],
    ]
    assert list(adapted.stages) == ["upper", "lower", "stem"]
    assert list(adapt(handmade(), stages=["block1_conv"]).stages) == ["block1_conv", "stem"]


@pytest.mark.parametrize(
    ("stages", "message"),
    [
        (["nothing"], "no layer 'nothing'; it has block0_conv"),
        (["block0_conv", "block1_conv"], "from the top of the network down"),
        ({"head": "block1_conv"}, "'head' cannot be the name of a stage"),
        ({"a\nb": "block1_conv"}, r"'a\\\\nb' cannot be the name of a stage"),
        ([], "from the top of the network down"),
    ],
)
def test_stages_that_are_none_are_refused(stages, message):
    with pytest.raises(UsageError, match=message):
        adapt(handmade(), stages=stages)


def test_long_networks_of_one_resolution_are_divided_by_weights_and_many_resolutions_are_merged():
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 255)(pixels)
    for _ in range(12):
        x = layers.Add()([x, layers.Conv2D(3, 3, padding="same")(x)])
    sizes = [sum(layer.count_params() for layer in stage) for stage in adapt(keras.Model(pixels, x)).stages.values()]
    assert sizes == [2 * 84] * 6  # 3 x 3 x 3 x 3 weights and 3 biases in each convolution
    for _ in range(10):
        x = layers.Conv2D(3, 2, padding="valid")(x)
    assert len(adapt(keras.Model(pixels, x)).stages) == 8


def test_a_normalization_stays_with_the_convolution_below_it():
    adapted = adapt(handmade(), stages=None)
    for stage in adapted.stages.values():
        assert [type(layer).__name__ for layer in stage if layer.weights] == ["Conv2D", "BatchNormalization"]


def test_layers_of_the_same_name_get_the_name_of_the_model_around_them():
    pixels = keras.Input((SIZE, SIZE, 3), name="pixels")
    x = layers.Rescaling(1 / 255)(pixels)
    for name in ("first", "second"):
        inner = keras.Input((SIZE, SIZE, 3))
        x = keras.Model(inner, layers.Conv2D(3, 3, padding="same", name="conv")(inner), name=name)(x)
    model = keras.Model(pixels, x)
    adapted = adapt(model)
    assert [layer.name for layer in adapted.backbone.layers if layer.weights] == ["conv", "second_conv"]
    np.testing.assert_array_equal(answers(adapted.backbone, images()), answers(model, images()))


def test_a_layer_without_weights_may_be_used_often():
    relu = layers.ReLU(name="relu")
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Rescaling(1 / 255)(pixels)
    for _ in range(3):
        x = relu(layers.Conv2D(3, 3)(x))
    model = keras.Model(pixels, x)
    np.testing.assert_array_equal(answers(adapt(model).backbone, images()), answers(model, images()))


def test_a_layer_with_weights_that_is_used_twice_makes_the_model_one_stage():
    twice = layers.Conv2D(3, 3, name="twice")
    pixels = keras.Input((SIZE, SIZE, 3))
    features = twice(twice(layers.Rescaling(1 / 255)(pixels)))
    adapted = adapt(keras.Model(pixels, layers.Dense(4, "softmax")(layers.GlobalAveragePooling2D()(features))))
    assert len(adapted.stages) == 1
    assert any("one stage" in line and "'twice' (Conv2D) is used more than once" in line for line in adapted.findings)
    expected = answers(keras.Model(pixels, features), images())
    np.testing.assert_allclose(answers(adapted.backbone, images()), expected, rtol=1e-5, atol=1e-6)


def test_a_model_within_that_cannot_be_taken_apart_stays_one_layer():
    twice = layers.Conv2D(3, 3, padding="same")
    inner = keras.Input((SIZE, SIZE, 3))
    base = keras.Model(inner, twice(twice(inner)), name="base")
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(5, 3, 2, name="above")(base(layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    adapted = adapt(model)
    assert [layer.name for layer in adapted.backbone.layers if layer.weights] == ["base", "above"]
    assert list(adapted.stages) == ["above", "base"]
    assert any("'base' (Functional) stays one layer" in line for line in adapted.findings)
    np.testing.assert_array_equal(answers(adapted.classifier, images()), answers(model, images()))


def test_a_subclassed_model_is_one_stage():
    model = Subclassed()
    model(images())
    adapted = adapt(model, input_size=SIZE, input_scaling="inside")
    assert len(adapted.stages) == 1
    assert any("calls its layers in a way of its own" in line for line in adapted.findings)
    np.testing.assert_array_equal(answers(adapted.backbone, images()), answers(model, images()))


def test_images_of_one_channel_are_made_gray():
    model = handmade(channels=1)
    adapted = adapt(model)
    luma = images() @ np.array([0.2989, 0.5870, 0.1140], np.float32)
    features = keras.Model(model.input, model.layers[-4].output)
    np.testing.assert_allclose(
        answers(adapted.backbone, images()), answers(features, luma[..., None]), rtol=1e-3, atol=1e-3
    )
    assert any("one channel" in line for line in adapted.findings)


def test_the_size_is_the_models_own_or_that_of_its_resizing_or_asked_for():
    assert adapt(handmade()).backbone.input_shape[1:3] == (SIZE, SIZE)
    assert adapt(handmade(), input_size=(40, 48)).backbone.input_shape[1:3] == (40, 48)
    pixels = keras.Input((None, None, 3))
    resized = keras.Model(pixels, convolutional(layers.Rescaling(1 / 255)(layers.Resizing(24, 28)(pixels))))
    assert adapt(resized).backbone.input_shape[1:3] == (24, 28)
    with pytest.raises(UsageError, match="takes images of any size: say which, input_size=224"):
        adapt(handmade(size=None))


def test_weights_that_depend_on_the_size_are_told():
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.Dense(5, "relu", name="hidden")(layers.Flatten()(layers.Rescaling(1 / 255)(pixels)))
    with pytest.raises(UsageError, match=r"the weights of layer 'hidden' .* depend on the size of the images"):
        adapt(keras.Model(pixels, x), input_size=48)


def places(x):
    """Tokens of 8 x 8 pixels, each with a weight of its own place added."""
    x = layers.Reshape((-1, 4))(layers.Conv2D(4, 8, 8)(x))
    return x + layers.Embedding(x.shape[1], 4)(keras.ops.arange(x.shape[1]))


@pytest.mark.parametrize("size", [(16, 64), (32, 64)], ids=["as many pixels", "more pixels"])
@pytest.mark.parametrize("fixed", [layers.Flatten(), places], ids=["dense", "positions"])
def test_weights_of_fixed_places_take_no_other_shape(fixed, size):
    pixels = keras.Input((32, 32, 3))
    x = fixed(layers.Rescaling(1 / 255)(pixels))
    model = keras.Model(pixels, layers.Dense(5)(layers.Flatten()(x)), name="fixed")
    wanted = f"the model 'fixed' was built for images of 32 px, not {size[0]}x{size[1]}: "
    with pytest.raises(UsageError, match=wanted):
        adapt(model, input_size=size, pooling="flatten")


def test_tokens_without_places_take_any_shape():
    pixels = keras.Input((32, 32, 3))
    tokens = layers.Reshape((-1, 4))(layers.Conv2D(4, 8, 8)(layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, layers.GlobalAveragePooling1D()(layers.Dense(4)(tokens)))
    assert adapt(model, input_size=(16, 64)).backbone.input_shape == (None, 16, 64, 3)


def test_mixed_precision_is_left_to_the_run():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = handmade()
    finally:
        keras.config.set_dtype_policy("float32")
    adapted = adapt(model)
    assert {layer.compute_dtype for layer in adapted.backbone.layers} == {"float32"}
    lower = adapt(handmade(), precision="mixed_bfloat16")
    assert lower.backbone.get_layer("block1_conv").compute_dtype == "bfloat16"


def test_dropout_without_a_seed_gets_one():
    pixels = keras.Input((SIZE, SIZE, 3))
    x = layers.SpatialDropout2D(0.5)(convolutional(layers.Rescaling(1 / 255)(pixels)))
    model = keras.Model(pixels, layers.Conv2D(2, 1, activation="relu")(x))
    first, again, other = (adapt(model, seed=seed).backbone(images(), training=True) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_lambda_layer_is_copied():
    pixels = keras.Input((SIZE, SIZE, 3))
    model = keras.Model(pixels, convolutional(layers.Lambda(lambda x: x / 255.0)(pixels)))
    adapted = adapt(model, input_scaling="inside")
    np.testing.assert_array_equal(answers(adapted.backbone, images()), answers(model, images()))


def ends_in(end, shape=(SIZE, SIZE, 3)):
    """A functional model of what a function makes of pixels."""
    pixels = keras.Input(shape)
    return keras.Model(pixels, end(pixels))


def two_inputs():
    pixels, more = keras.Input((SIZE, SIZE, 3)), keras.Input((1, 1, 2))
    return keras.Model([pixels, more], layers.Add()([layers.Conv2D(2, 3)(pixels), more]))


REFUSED = {
    "two inputs": (two_inputs, "2 inputs.*takes one image"),
    "two outputs": (
        lambda: ends_in(lambda x: {"map": layers.Conv2D(2, 3)(x), "relu": layers.ReLU()(x)}),
        "2 outputs.*needs one: give",
    ),
    "channels first": (lambda: ends_in(layers.Conv2D(2, 1), (3, SIZE, SIZE)), "with the channels first"),
    "four channels": (lambda: ends_in(layers.Conv2D(2, 1), (SIZE, SIZE, 4)), "arrays of shape"),
    "no weights": (
        lambda: ends_in(lambda x: layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 255)(x))),
        "there is nothing to fine-tune",
    ),
    "a random size": (
        lambda: ends_in(lambda x: layers.Conv2D(2, 3)(layers.Rescaling(1 / 255)(layers.RandomCrop(24, 24)(x)))),
        "RandomCrop",
    ),
    "a layer whose config is not whole": (
        lambda: ends_in(lambda x: Forgetful(3.0)(layers.Rescaling(1 / 255)(x))),
        "answers differently",
    ),
    "a layer without a config": (
        lambda: ends_in(lambda x: NoConfig(keras.ops.relu)(layers.Rescaling(1 / 255)(x))),
        "'no_config' .* is not made again by its get_config",
    ),
    "not built": (lambda: keras.Sequential([layers.Conv2D(2, 3)]), "is not built"),
    "no model": (lambda: 3, "must be a name .* or a keras.Model. Received: int"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_taken_is_told_in_one_line(case):
    make, message = REFUSED[case]
    with pytest.raises(UsageError, match=message):
        adapt(make())
