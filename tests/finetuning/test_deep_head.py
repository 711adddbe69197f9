"""A head on several layers, as the part of a network that training cuts, freezes and goes on from."""

import keras
import numpy as np
import pytest

from kerastl.errors import RecipeError
from kerastl.finetuning._freezing import freeze
from kerastl.finetuning._network import attach_head, split_network
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.models._build import build, stages
from kerastl.models._deep_features import find_taps
from kerastl.models._head import cut_head
from kerastl.models._registry import BACKBONES

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 3)).astype("float32")


@pytest.fixture(scope="module")
def network():
    row = BACKBONES["kerastl_mini"]
    backbone = build(row, include_top=False, input_size=16)
    below = stages(backbone, row)
    below.pop("head")
    return attach_head(backbone, below, 3, taps=find_taps(backbone, row.taps))


def test_the_head_holds_its_layers_and_what_trains_is_its_classifier(network):
    assert [layer.name for layer in network.stages["head"]] == ["head_features", "head_classifier"]
    # Means of 13 maps, and deviations of all of them, since each has more than one place at 16 px.
    assert network.stages["head"][-1].kernel.shape == (2 * 2080, 3)
    assert freeze(network, ["head"]) == 2 * 2080 * 3 + 3


@pytest.mark.parametrize("depth", [0, 1, 2, 3])
def test_cut_at_a_stage_the_lower_taps_cross_as_pooled_numbers(network, depth):
    trained = list(network.stages)[: depth + 1]
    lower, upper = split_network(network, trained)
    np.testing.assert_allclose(np.asarray(upper(lower(PIXELS))), np.asarray(network.model(PIXELS)), atol=1e-6)
    if not depth:
        assert lower.output_shape == (None, 2 * 2080)
        return
    # The map below the boundary, the same pooled for the shortcut, and what is pooled of the taps below.
    sides, channels, below = {1: (4, 128, 4 * 128 + 4 * 64 + 32), 2: (8, 64, 4 * 64 + 32), 3: (16, 32, 32)}[depth]
    assert lower.output_shape == (None, sides**2 * channels * 5 // 4 + 2 * below)


def test_a_new_head_goes_where_the_deep_one_was(network):
    features, head = cut_head(network.model.outputs[0])
    assert features._keras_history.operation.name == "stage3_block2_relu"
    assert head == "its head of 3 classes ('head_classifier', probabilities)"


def test_gradients_through_the_head_are_finite_on_a_blank_image(network):
    tensorflow = pytest.importorskip("tensorflow")
    freeze(network, list(network.stages))
    with tensorflow.GradientTape() as tape:
        answers = network.model(np.zeros((1, 16, 16, 3), "float32"))
        loss = keras.ops.sum(keras.ops.log(answers[:, 0]))
    gradients = tape.gradient(loss, network.model.trainable_weights)
    assert all(np.isfinite(np.asarray(gradient)).all() for gradient in gradients)


def test_a_recipe_says_what_its_head_reads():
    recipe = Recipe("deep", (Phase(solver="ridge"),), features="deep")
    assert Recipe.from_json(recipe.to_json()) == recipe
    with pytest.raises(RecipeError, match="features must be one of last, deep"):
        Recipe("none", (Phase(),), features="all")
