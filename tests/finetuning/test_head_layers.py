import keras
import numpy as np
import pytest

from kerastl.finetuning._freezing import freeze
from kerastl.finetuning._head_layers import Outputs
from kerastl.finetuning._network import attach_head
from kerastl.tasks import TASKS

FEATURES = np.random.default_rng(0).normal(size=(5, 6, 6, 3)).astype("float32")


def network(task, classes, labels=None):
    image = keras.Input((6, 6, 3))
    below = keras.layers.Conv2D(4, 3, name="below")
    backbone = keras.Model(image, below(image))
    return attach_head(backbone, {"stem": [below]}, classes, seed=1, task=TASKS[task], labels=labels)


@pytest.mark.parametrize(
    ("task", "units", "activation"), [("classification", 3, "softmax"), ("multilabel", 3, "sigmoid")]
)
def test_classes_and_labels_have_an_output_each(task, units, activation):
    found = network(task, 3)
    assert found.classifier.activation.__name__ == activation
    assert found.model.output_shape == (None, units)
    assert [layer.name for layer in found.stages["head"]] == ["head_pool", "head_classifier"]


def test_a_number_comes_out_in_its_own_unit():
    found = network("regression", 1, np.array([1000.0, 3000.0], "float32"))
    found.classifier.set_weights([np.zeros((4, 1)), np.array([1.5])])
    np.testing.assert_allclose(np.asarray(found.model(FEATURES)), 2000 + 1.5 * 1000)
    assert [layer.name for layer in found.stages["head"]] == ["head_pool", "head_classifier", "head_units"]


def test_equal_numbers_have_a_scale_all_the_same():
    assert Outputs(TASKS["regression"], 1, np.full(4, 7.0)).scale == (7, 1)


def test_ordered_classes_start_with_their_frequencies():
    found = network("ordinal", 3, np.array([0] * 49 + [1] * 29 + [2] * 19))
    found.classifier.set_weights([np.zeros((4, 1)), np.zeros(1)])
    np.testing.assert_allclose(np.asarray(found.model(FEATURES)), np.tile([0.5, 0.3, 0.2], (5, 1)), rtol=1e-5)


def test_the_classifier_of_ordered_classes_is_the_score():
    found = network("ordinal", 4, np.arange(4))
    assert found.classifier.kernel.shape == (4, 1)
    assert freeze(found, ["head"]) == 5 + 6  # the score, and three thresholds with the slopes that they see
    assert freeze(found, ["head", "stem"]) == 5 + 6 + 112


def test_a_temperature_goes_into_what_makes_probabilities():
    assert network("ordinal", 4, np.arange(4)).last_layer.name == "ordinal_classes"
    assert network("classification", 4).last_layer.name == "head_classifier"
