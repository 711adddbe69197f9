import keras
import numpy as np
import pytest

from kerastl.errors import RecipeError
from kerastl.finetuning._compiling import compile_for
from kerastl.finetuning._freezing import freeze, freeze_for, rates_and_decays
from kerastl.finetuning._network import Network, split_network
from kerastl.finetuning._phase import Phase
from kerastl.finetuning._rules import Rule


def weights_by_stage(network):
    return {
        stage: [np.array(weight) for layer in layers for weight in layer.weights]
        for stage, layers in network.stages.items()
    }


def train(network, phase, pixels, labels, steps=3):
    freeze_for(network, phase)
    lower, upper = split_network(network, phase.trained_stages(tuple(network.stages)))
    inputs = pixels.astype("float32")
    if lower is not None:
        inputs = np.asarray(lower(inputs, training=False))
    compile_for(upper, network, phase, steps)
    for _ in range(steps):
        upper.train_on_batch(inputs, np.eye(3, dtype="float32")[labels])


@pytest.mark.parametrize(
    ("trains", "frozen", "moved"),
    [
        ("head", ["top", "middle", "stem"], ["head"]),
        ("top", ["middle", "stem"], ["head", "top"]),
        (2, ["stem"], ["head", "top", "middle"]),
        ("all", [], ["head", "top", "middle", "stem"]),
    ],
)
@pytest.mark.parametrize("batch_norm", ["frozen", "trained"])
def test_frozen_stages_stay_to_the_bit_and_the_others_move(
    small_network, activations, trains, frozen, moved, batch_norm
):
    before = weights_by_stage(small_network)
    train(small_network, Phase(trains=trains, learning_rate=0.01, batch_norm=batch_norm), *activations)
    after = weights_by_stage(small_network)
    for stage in frozen:
        for old, new in zip(before[stage], after[stage], strict=True):
            np.testing.assert_array_equal(old, new)
    for stage in moved:
        assert not np.array_equal(before[stage][0], after[stage][0])


@pytest.mark.parametrize(("policy", "trainable"), [("frozen", 2), ("trained", 4)])
def test_batch_norm_policy_reaches_into_blocks_that_are_one_layer(policy, trainable):
    inner = keras.Input((4, 4, 3))
    block = keras.Model(inner, keras.layers.BatchNormalization()(keras.layers.Conv2D(2, 1)(inner)), name="block")
    pixels = keras.Input((4, 4, 3))
    head = keras.layers.Dense(2, name="classes")
    model = keras.Model(pixels, head(keras.layers.Flatten()(block(pixels))))
    freeze(Network(model, {"head": [head], "block": [block]}), ("head", "block"), policy)
    assert len(block.trainable_variables) == trainable  # kernel and bias; scale and offset of BatchNorm


@pytest.mark.parametrize(("policy", "moves"), [("frozen", False), ("trained", True)])
def test_batch_norm_policy_covers_weights_and_statistics(small_network, activations, policy, moves):
    norm = small_network.model.get_layer("top_norm")
    before = [np.array(weight) for weight in norm.weights]
    train(small_network, Phase(trains="top", learning_rate=0.01, batch_norm=policy), *activations)
    changed = [not np.array_equal(old, new) for old, new in zip(before, norm.weights, strict=True)]
    assert changed == [moves] * 4  # gamma, beta, mean, variance


def test_the_count_of_trainable_parameters(small_network):
    # Head: 8 features to 3 classes, with bias. Top: a 3 x 3 convolution of 6 to 8 channels, then gamma and beta.
    assert freeze(small_network, ("head",)) == 8 * 3 + 3
    assert freeze(small_network, ("head", "top"), "trained") == 8 * 3 + 3 + 3 * 3 * 6 * 8 + 2 * 8


def test_nothing_trains(small_network):
    small_network.stages["empty"] = []
    with pytest.raises(RecipeError, match="no trainable weights in empty"):
        freeze(small_network, ("empty",))


def test_every_weight_must_belong_to_a_stage(small_network):
    lost = Network(small_network.model, {"head": small_network.stages["head"]})
    with pytest.raises(RecipeError, match=r"belong to no stage: stem_conv, stem_norm"):
        freeze(lost, ("head",))


def test_rates_fall_from_stage_to_stage(small_network):
    freeze(small_network, ("head", "top", "middle", "stem"), "trained")
    rates, _ = rates_and_decays(small_network, Phase(layer_decay=0.5))
    paths = {layer.name: layer.trainable_variables[0].path for layer in small_network.model.layers if layer.weights}
    assert rates[paths["head_classifier"]] == 1
    assert rates[paths["top_conv"]] == rates[paths["top_norm"]] == 0.5
    assert rates[paths["middle_conv"]] == 0.25
    assert rates[paths["stem_conv"]] == 0.125


def test_the_upper_half_is_the_rest_of_the_network(small_network, activations):
    pixels = activations[0].astype("float32")
    whole = np.asarray(small_network.model(pixels, training=False))
    for trained in (("head",), ("head", "top"), ("head", "top", "middle")):
        lower, upper = split_network(small_network, trained)
        np.testing.assert_allclose(np.asarray(upper(lower(pixels))), whole, atol=1e-6)


def test_several_tensors_at_the_boundary_travel_together(activations):
    # The classifier's stage begins inside a residual block: both the block's input and its branch cross.
    pixels = keras.Input((16, 16, 3))
    one = keras.layers.Conv2D(4, 3, 2, name="one")(pixels)
    two = keras.layers.Conv2D(4, 1, name="two")(one)
    three = keras.layers.Conv2D(4, 1, name="three")(keras.layers.Add(name="sum")([one, two]))
    four = keras.layers.Add(name="last")([three, one])
    out = keras.layers.Dense(3, activation="softmax", name="out")(keras.layers.GlobalAveragePooling2D()(four))
    model = keras.Model(pixels, out)
    named = {
        "head": [model.get_layer("out")],
        "top": [model.get_layer(name) for name in ("three", "last")],
        "bottom": [model.get_layer(name) for name in ("one", "two", "sum")],
    }
    network = Network(model, named)
    lower, upper = split_network(network, ("head", "top"))
    assert lower.output_shape == (None, 2 * 7 * 7 * 4)
    inputs = activations[0].astype("float32")
    np.testing.assert_allclose(np.asarray(upper(lower(inputs))), np.asarray(model(inputs)), atol=1e-6)


def test_only_kernels_decay_where_no_rule_says_otherwise(small_network):
    phase = Phase(trains="all", weight_decay=0.1, batch_norm="trained")
    freeze_for(small_network, phase)
    _, decays = rates_and_decays(small_network, phase)
    paths = ("top_conv/kernel", "top_norm/gamma", "top_norm/beta", "head_classifier/kernel", "head_classifier/bias")
    assert [decays[path] for path in paths] == [0.1, 0.0, 0.0, 0.1, 0.0]


def test_the_first_rule_that_matches_counts(small_network):
    rules = (
        Rule("*/bias|*/gamma|*/beta", weight_decay=0.2),
        Rule("head/*", rate=1.5),
        Rule("top", rate=0.5, weight_decay=0.0),  # a stage
        Rule("middle_conv", rate=0.25),  # a layer
        Rule("*", rate=0.1),
    )
    phase = Phase(trains="all", weight_decay=0.1, layer_decay=0.5, batch_norm="trained", rules=rules)
    freeze_for(small_network, phase)
    rates, decays = rates_and_decays(small_network, phase)
    expected = {  # path: rate times 0.5 to the power of the stage's number, decay
        "head_classifier/kernel": (1.5, 0.1),
        "head_classifier/bias": (1.0, 0.2),
        "top_conv/kernel": (0.25, 0.0),
        "top_norm/gamma": (0.5, 0.2),
        "middle_conv/kernel": (0.0625, 0.1),
        "stem_conv/kernel": (0.0125, 0.1),
    }
    assert {path: (rates[path], decays[path]) for path in expected} == expected


def test_a_rate_of_zero_freezes_to_the_bit(small_network, activations):
    rules = (Rule("top_norm/*", rate=0.0), Rule("*"))
    before = weights_by_stage(small_network)
    train(small_network, Phase(trains="top", learning_rate=0.01, batch_norm="trained", rules=rules), *activations)
    after = weights_by_stage(small_network)
    same = [np.array_equal(old, new) for old, new in zip(before["top"], after["top"], strict=True)]
    assert same == [False, True, True, False, False]  # kernel; gamma and beta; the statistics still follow
    # The next phase trains them again: 3 x 3 x 6 x 8 weights, gamma and beta, and the head.
    assert freeze_for(small_network, Phase(trains="top", batch_norm="trained")) == 432 + 16 + 27


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ((Rule("head/*"),), "no rule covers 'top_conv/kernel'"),
        ((Rule("tpo*"), Rule("*")), "the rule for 'tpo\\*' matches no variable"),
        ((Rule("*", rate=0.0),), "the rules freeze all variables"),
    ],
)
def test_rules_that_do_not_fit_are_refused(small_network, rules, message):
    with pytest.raises(RecipeError, match=message):
        freeze_for(small_network, Phase(trains="top", rules=rules))


def test_a_rule_may_be_for_what_another_phase_trains(small_network):
    freeze_for(small_network, Phase(trains="head", rules=(Rule("stem*", rate=0.1), Rule("*"))))
