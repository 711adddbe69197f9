import numpy as np
import pytest

from kerastl.errors import ModelError
from kerastl.models._graph import (
    activation_bytes,
    calls,
    crossing,
    features,
    last_feature_map,
    logits,
    mean_pooled,
    split_graph,
)

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
    scores = np.asarray(logits(model)(PIXELS), np.float64)
    assert abs(scores.sum(axis=1) - 1).min() > 1e-3  # no probabilities any more
    expected = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    np.testing.assert_array_equal(np.asarray(model(PIXELS)), probabilities)


def test_scores_are_what_a_sigmoid_gets():
    pixels = keras.Input((4,))
    model = keras.Model(pixels, keras.layers.Dense(3, activation="sigmoid")(pixels))
    values = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    scores = logits(model).predict(values, verbose=0)
    assert model.predict(values, verbose=0) == pytest.approx(1 / (1 + np.exp(-scores)), abs=1e-6)


def test_a_network_without_softmax_stays_as_it_is():
    model = network(layers.Flatten(), layers.Dense(3))
    np.testing.assert_array_equal(np.asarray(logits(model)(PIXELS)), np.asarray(model(PIXELS)))


def test_networks_of_another_shape_are_refused():
    with pytest.raises(ModelError, match=r"\(None, 4, 4, 4\)"):
        logits(network())


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
    lower, upper = split_graph(model, [last_feature_map(model)])
    assert lower.output_shape[1:] == shape
    np.testing.assert_allclose(np.asarray(upper(lower(PIXELS))), np.asarray(model(PIXELS)), rtol=1e-6)


def test_a_branch_is_no_feature_map_that_all_goes_through():
    pixels = keras.Input((8, 8, 3))
    trunk = layers.Conv2D(4, 3, padding="same", name="trunk")(pixels)
    branch = layers.Conv2D(4, 3, padding="same", name="branch")(trunk)
    joined = layers.Concatenate()([layers.GlobalAveragePooling2D()(trunk), layers.GlobalAveragePooling2D()(branch)])
    found = last_feature_map(keras.Model(pixels, layers.Dense(2)(joined)))
    assert found is trunk


def test_a_network_without_feature_maps_has_none():
    pixels = keras.Input((8, 8, 3))
    assert last_feature_map(keras.Model(pixels, layers.Dense(2)(layers.Flatten()(pixels)))) is None


def test_memory_is_that_of_all_activations_and_their_gradients():
    model = logits(network(layers.GlobalAveragePooling2D()))
    assert activation_bytes(model) == 2 * 4 * (6 * 6 * 3 + 6 * 6 * 3 + 4 * 4 * 4 + 4)


def test_a_sequential_model_that_grew_layer_by_layer():
    model = keras.Sequential([keras.Input((6, 6, 3))])
    for layer in (layers.Conv2D(4, 3), layers.ReLU(), layers.Flatten(), layers.Dense(3, activation="softmax")):
        model.add(layer)
    lower, upper = split_graph(model, [last_feature_map(model)])
    assert lower.output_shape == (None, 4, 4, 4)
    np.testing.assert_allclose(np.asarray(upper(lower(PIXELS))), np.asarray(model(PIXELS)), rtol=1e-6)


def test_a_layer_that_is_called_twice_is_in_the_graph_twice():
    pixels = keras.Input((6, 6, 3))
    again = layers.Conv2D(3, 3, padding="same", name="again")
    first = again(pixels)
    second = again(first)
    model = keras.Model(pixels, layers.GlobalAveragePooling2D(name="mean")(second))
    assert [node.operation.name for node in calls(model)][1:] == ["again", "again", "mean"]
    assert last_feature_map(model) is second
    lower, upper = split_graph(model, [second])
    np.testing.assert_allclose(np.asarray(upper(lower(PIXELS))), np.asarray(model(PIXELS)), rtol=1e-6)


def branches():
    """Two tensors of different sizes, joined by a layer that takes a list, and a bare operation."""
    keras.utils.set_random_seed(0)
    pixels = keras.Input((6, 6, 3))
    wide = layers.Conv2D(2, 3, name="wide")(pixels)
    narrow = layers.Conv2D(2, 5, name="narrow")(pixels)
    joined = layers.Concatenate(name="join")([layers.Flatten()(wide), layers.Flatten()(narrow)])
    return keras.Model(pixels, layers.Dense(3, name="scores")(keras.ops.tanh(joined)))


@pytest.mark.parametrize(
    ("begin", "sizes"), [("wide", [108, 8]), ("join", [32, 8]), ("tanh", [40]), ("scores", [40]), ("none", [])]
)
def test_what_crosses_is_all_that_the_upper_part_needs(begin, sizes):
    model = branches()
    tensors = crossing(model, lambda operation: operation.name.startswith(begin))
    assert [int(np.prod(tensor.shape[1:])) for tensor in tensors] == sizes


def test_several_tensors_travel_side_by_side():
    model = branches()
    tensors = [model.get_layer(name).output for name in ("wide", "narrow")]
    lower, upper = split_graph(model, tensors)
    expected = [np.asarray(keras.Model(model.input, tensor)(PIXELS)).reshape(2, -1) for tensor in tensors]
    np.testing.assert_allclose(np.asarray(lower(PIXELS)), np.concatenate(expected, axis=1), rtol=1e-6)
    np.testing.assert_allclose(np.asarray(upper(lower(PIXELS))), np.asarray(model(PIXELS)), rtol=1e-5)
    assert {id(weight) for weight in upper.weights} < {id(weight) for weight in model.weights}


def test_tensors_without_a_size_do_not_travel_together():
    pixels = keras.Input((None, None, 3))
    pair = [layers.Conv2D(2, 1)(pixels), layers.Conv2D(2, 1)(pixels)]
    model = keras.Model(pixels, layers.GlobalAveragePooling2D()(layers.Add()(pair)), name="any_size")
    with pytest.raises(ModelError, match="any_size cannot be cut"):
        split_graph(model, pair)


@pytest.mark.parametrize("shape", [(5,), (4, 5), (2, 3, 5)])
def test_features_are_the_mean_over_all_places(shape):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, mean_pooled(layers.Identity()(inputs)))
    values = np.random.default_rng(2).normal(size=(3, *shape)).astype("float32")
    np.testing.assert_allclose(model(values), values.reshape(3, -1, 5).mean(axis=1), rtol=1e-5, atol=1e-6)


def test_features_go_into_the_last_layer_with_weights():
    model = network(layers.GlobalAveragePooling2D(), layers.Dropout(0.5), layers.Dense(3), layers.Softmax())
    values = np.asarray(features(model)(PIXELS))
    kernel, bias = model.layers[-2].get_weights()
    np.testing.assert_allclose(np.asarray(logits(model)(PIXELS)), values @ kernel + bias, rtol=1e-5)


def test_features_of_a_convolution_that_decides():
    model = network(layers.Conv2D(3, 1), layers.GlobalAveragePooling2D(), layers.Softmax())
    assert features(model).output_shape == (None, 4)


def test_a_network_without_weights_has_no_features():
    pixels = keras.Input((6, 6, 3))
    with pytest.raises(ModelError, match="no last layer whose features"):
        features(keras.Model(pixels, layers.GlobalAveragePooling2D()(pixels)))
