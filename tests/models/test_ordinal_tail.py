import keras
import numpy as np
import pytest
from scipy.special import expit

from kerastl.models._graph import features
from kerastl.models._head import cut_head
from kerastl.models._ordinal_tail import ordinal_tail, set_thresholds, tail_layers
from kerastl.models._scaled_logits import last_layer

THRESHOLDS = np.array([-1.5, 0.2, 0.3, 4.0])


def network(thresholds=THRESHOLDS):
    image = keras.Input((8, 8, 3))
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3, name="below")(image))
    score = keras.layers.Dense(1, name="head_classifier")(pooled)
    return keras.Model(image, ordinal_tail(score, thresholds)), score


def differences(scores, thresholds):
    beyond = expit(scores - thresholds)
    ends = np.ones((len(scores), 1)), np.zeros((len(scores), 1))
    return np.hstack([ends[0], beyond]) - np.hstack([beyond, ends[1]])


@pytest.mark.parametrize("thresholds", [THRESHOLDS, np.array([0.7])], ids=["five classes", "two classes"])
def test_probabilities_are_differences_of_sigmoids(thresholds):
    score = keras.Input((1,))
    model = keras.Model(score, ordinal_tail(score, thresholds))
    scores = np.linspace(-12, 12, 31, dtype="float32")[:, None]
    np.testing.assert_allclose(np.asarray(model(scores)), differences(scores, thresholds), atol=2e-6)


def test_thresholds_are_set_anew():
    model, _ = network()
    set_thresholds(tail_layers(model), np.array([-3.0, -2.0, 0.0, 1.0]))
    pixels = np.random.default_rng(0).uniform(0, 1, (4, 8, 8, 3)).astype("float32")
    scores = np.asarray(keras.Model(model.inputs[0], model.get_layer("head_classifier").output)(pixels))
    known = differences(scores, np.array([-3.0, -2.0, 0.0, 1.0]))
    np.testing.assert_allclose(np.asarray(model(pixels)), known, atol=2e-6)


def test_gradient_steps_leave_the_sums_as_they_are():
    model, _ = network()
    assert not model.get_layer("ordinal_classes").trainable_variables
    assert len(model.get_layer("ordinal_thresholds").trainable_variables) == 2


def test_plain_keras_loads_it(tmp_path):
    model, _ = network()
    model.save(tmp_path / "ordinal.keras")
    pixels = np.random.default_rng(0).uniform(0, 1, (4, 8, 8, 3)).astype("float32")
    found = keras.models.load_model(tmp_path / "ordinal.keras")
    np.testing.assert_allclose(np.asarray(found(pixels)), np.asarray(model(pixels)), atol=1e-6)


def test_its_features_are_those_of_the_score():
    model, _ = network()
    assert features(model).output_shape == (None, 5)


def test_the_whole_end_is_cut_off_with_the_head():
    model, _ = network()
    found, said = cut_head(model.outputs[0])
    assert found.shape == (None, 6, 6, 5)
    assert said == "its head of 5 classes ('head_classifier', probabilities)"


def test_a_temperature_goes_into_its_last_layer():
    model, _ = network()
    assert last_layer(model) is model.get_layer("ordinal_classes")
