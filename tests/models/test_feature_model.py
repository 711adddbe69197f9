import keras
import numpy as np
import pytest

from kerastl.errors import UsageError
from kerastl.models import Metadata, ModelSpec, deep_features, find_taps, resolve
from kerastl.models._feature_model import feature_model


def spec_of(model):
    """A spec that builds a model of Keras's."""
    mini = resolve("kerastl_mini")
    metadata = Metadata("made", mini.metadata.labels, mini.metadata.reader)
    return ModelSpec(metadata, mini.weights_file, "made", lambda: model)


@pytest.fixture
def network():
    """Two convolutions of 4 and 6 channels, pooled, and a softmax of three classes; weights from a seed."""
    keras.utils.set_random_seed(5)
    pixels = keras.Input((8, 8, 3))
    small = keras.layers.Conv2D(4, 3, 2, "same", activation="relu")(keras.layers.Rescaling(1 / 255)(pixels))
    last = keras.layers.Conv2D(6, 3, 2, "same", activation="relu")(small)
    pooled = keras.layers.GlobalAveragePooling2D()(last)
    return keras.Model(pixels, keras.layers.Dense(3, activation="softmax")(pooled)), (small, last), pooled


@pytest.fixture
def pixels():
    return np.random.default_rng(1).integers(0, 256, (5, 8, 8, 3)).astype("float32")


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_the_last_features_are_those_before_the_last_layer(network, pixels):
    model, _, pooled = network
    both = feature_model(spec_of(model)).build().predict_on_batch(pixels)
    np.testing.assert_allclose(both[:, :3], model.predict_on_batch(pixels), rtol=1e-5)
    expected = keras.Model(model.inputs, pooled).predict_on_batch(pixels)
    np.testing.assert_allclose(both[:, 3:], unit(expected), rtol=1e-4, atol=1e-6)


def test_deep_features_are_those_a_deep_head_would_read(network, pixels):
    model, maps, _ = network
    both = feature_model(spec_of(model), "deep").build().predict_on_batch(pixels)
    # Means and deviations over the places of both maps, each of length 1, then the root of each number.
    moments = []
    for one in keras.Model(model.inputs, maps).predict_on_batch(pixels):
        flat = np.asarray(one).reshape(5, -1, one.shape[-1])
        variance = flat.var(axis=1)
        for part in (flat.mean(axis=1), variance / np.sqrt(variance + 1e-6)):
            whole = unit(part)
            moments.append(whole / np.sqrt(np.abs(whole) + 1e-4))
    np.testing.assert_allclose(both[:, 3:], unit(np.concatenate(moments, axis=1)), rtol=1e-3, atol=1e-5)


def test_a_deep_head_has_its_own(network, pixels):
    model, _, pooled = network
    backbone = keras.Model(model.inputs, pooled)
    vector = deep_features(find_taps(backbone))
    deep = keras.Model(model.inputs, keras.layers.Dense(3, activation="softmax")(vector))
    last, joined = (feature_model(spec_of(deep), name).build().predict_on_batch(pixels) for name in ("last", "deep"))
    np.testing.assert_array_equal(last, joined)
    expected = keras.Model(model.inputs, vector).predict_on_batch(pixels)
    np.testing.assert_allclose(joined[:, 3:], unit(expected), rtol=1e-4, atol=1e-6)


def test_features_of_zeros_stay_zeros(network):
    model = network[0]
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D):
            layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    both = feature_model(spec_of(model)).build().predict_on_batch(np.zeros((1, 8, 8, 3), "float32"))
    np.testing.assert_array_equal(both[:, 3:], np.zeros((1, 6)))


def test_another_name_is_refused(network):
    with pytest.raises(UsageError, match=r"features must be one of last, deep. Received: 'first'"):
        feature_model(spec_of(network[0]), "first")


def test_a_model_may_hold_operations_that_are_called_as_those_that_are_put_on_it(pixels):
    # As where it was saved: its operations are counted from the beginning, and so are those that come.
    keras.utils.clear_session()
    hidden = keras.layers.Rescaling(1 / 255)(inputs := keras.Input((8, 8, 3)))
    for operation in (keras.ops.square, keras.ops.rsqrt):
        hidden = operation(hidden + 1)
    pooled = keras.layers.GlobalAveragePooling2D()(hidden)
    own = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(pooled))
    names = [operation.name for operation in own.operations]
    keras.utils.clear_session()
    both = feature_model(spec_of(own)).build()
    assert [operation.name for operation in own.operations] == names
    expected = keras.Model(own.inputs, pooled).predict_on_batch(pixels)
    np.testing.assert_allclose(both.predict_on_batch(pixels)[:, 3:], unit(expected), rtol=1e-4, atol=1e-6)
