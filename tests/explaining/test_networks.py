import numpy as np
import pytest

from kerastl.errors import ModelError
from kerastl.explaining._networks import bytes_per_image, halves, scoring

keras = pytest.importorskip("keras")
layers = keras.layers

PIXELS = np.random.default_rng(0).uniform(0, 255, (2, 6, 6, 3)).astype("float32")


def network(*end):
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((6, 6, 3)), layers.Rescaling(1 / 255), layers.Conv2D(4, 3), *end])


ENDS = {
    "dense": lambda: [layers.Flatten(), layers.Dense(3, activation="softmax")],
    "activation": lambda: [layers.Flatten(), layers.Dense(3), layers.Activation("softmax")],
    "layer": lambda: [layers.Flatten(), layers.Dense(3), layers.Softmax()],
    "convolution": lambda: [layers.Conv2D(3, 4), layers.Reshape((3,)), layers.Activation("softmax")],
}


@pytest.mark.parametrize("end", ENDS)
def test_scores_are_what_the_softmax_gets(end):
    model = network(*ENDS[end]())
    probabilities = np.asarray(model(PIXELS))
    scores = np.asarray(scoring(model)(PIXELS), np.float64)
    assert abs(scores.sum(axis=1) - 1).min() > 1e-3  # no probabilities any more
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(model(PIXELS)), probabilities)


def test_a_network_without_softmax_stays_as_it_is():
    model = network(layers.Flatten(), layers.Dense(3))
    np.testing.assert_array_equal(np.asarray(scoring(model)(PIXELS)), np.asarray(model(PIXELS)))


def test_networks_of_another_shape_are_refused():
    with pytest.raises(ModelError, match=r"\(None, 4, 4, 4\)"):
        scoring(network())


@pytest.mark.parametrize(
    ("end", "shape"),
    [
        ([layers.GlobalAveragePooling2D, lambda: layers.Dense(2)], (4, 4, 4)),
        # Pooling and dropout are gone back over, to the finer map.
        ([layers.MaxPooling2D, lambda: layers.Dropout(0.5), layers.Flatten, lambda: layers.Dense(2)], (4, 4, 4)),
        ([lambda: layers.Conv2D(5, 3), layers.Flatten, lambda: layers.Dense(2)], (2, 2, 5)),
        # A map of one place shows nothing.
        (
            [lambda: layers.GlobalAveragePooling2D(keepdims=True), lambda: layers.Conv2D(2, 1), layers.Flatten],
            (4, 4, 4),
        ),
    ],
)
def test_the_last_feature_map_is_found(end, shape):
    model = network(*[make() for make in end])
    lower, upper = halves(model)
    assert lower.output_shape[1:] == shape
    np.testing.assert_allclose(np.asarray(upper(lower(PIXELS))), np.asarray(model(PIXELS)), rtol=1e-6)


def test_a_branch_is_no_feature_map_that_all_goes_through():
    pixels = keras.Input((8, 8, 3))
    trunk = layers.Conv2D(4, 3, padding="same", name="trunk")(pixels)
    branch = layers.Conv2D(4, 3, padding="same", name="branch")(trunk)
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(trunk), layers.GlobalAveragePooling2D()(branch)])
    lower, _ = halves(keras.Model(pixels, layers.Dense(2)(joined)))
    assert lower.outputs[0]._keras_history.operation.name == "trunk"


def test_a_network_without_feature_maps_says_what_to_do():
    pixels = keras.Input((8, 8, 3))
    model = keras.Model(pixels, layers.Dense(2)(layers.Flatten()(pixels)), name="flat")
    with pytest.raises(ModelError, match=r"flat has no feature map .* try the method integrated-gradients"):
        halves(model)


def test_memory_is_that_of_all_activations_and_their_gradients():
    model = scoring(network(layers.GlobalAveragePooling2D()))
    assert bytes_per_image(model) == 2 * 4 * (6 * 6 * 3 + 6 * 6 * 3 + 4 * 4 * 4 + 4)
