"""Phases that are compared with the solved head that they start from."""

import dataclasses
from contextlib import suppress

import keras
import numpy as np
import pytest
from PIL import Image
from trainings import run, weights

from kerastl.errors import TrainingError
from kerastl.finetuning import _evidence as evidence
from kerastl.finetuning._lr_finder import harmless_rate
from kerastl.finetuning._network import attach_head
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._scores import score
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Stop, Stopped

HEAD = Phase(solver="logistic_regression")
GENTLE = Phase(trains="all", epochs=3, learning_rate=1e-3, find_rate=True, warmup=1, schedule="cosine", batch_size=8)
WILD = Phase(trains="all", epochs=6, learning_rate=3.0, batch_size=8, batch_norm="trained")


class Told(RunCallback):
    """Keeps what is told, and asks for a stop in the step after an epoch."""

    def __init__(self, stop=None, epochs=0):
        self.lines, self.rows, self.stop, self.epochs = [], [], stop, epochs

    def say(self, text):
        self.lines.append(text)

    def warn(self, text):
        self.lines.append(text)

    def epoch(self, row):
        self.rows.append(row)

    def advance(self, steps=1):
        if self.stop is not None:
            self.stop.requested = len(self.rows) == self.epochs


def recipe(*phases):
    return Recipe("held", (HEAD, *phases), dropout=0.0)


def answers(network, data):
    pixels = np.stack([np.array(Image.open(file)) for file in data.val.files]).astype("float32")
    return np.asarray(network.model(pixels))


@pytest.fixture
def better(monkeypatch):
    """Make every comparison one in favor of the phase."""
    found = evidence.Comparison(12, 3, 0, 0.5, 0.1)
    monkeypatch.setattr(evidence, "compare", lambda *_: found)


def test_a_phase_that_spoils_the_network_leaves_the_solved_head(small_network, data, tmp_path):
    start = weights(small_network)
    run(small_network, recipe(), data, tmp_path / "probe")
    expected = weights(small_network)
    small_network.model.set_weights(start)
    told = Told()
    state = run(small_network, recipe(WILD), data, tmp_path / "wild", callback=told).state
    for one, other in zip(expected, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
    assert [row.get("kept") for row in state.history] == [1, *[None] * (len(state.history) - 1)]
    assert state.records["2"].restarts == 1
    assert any("begun again from its start with learning rate 1.5" in line for line in told.lines)
    assert any("phase 2 is not kept: clearly worse than its start" in line for line in told.lines)
    # Two epochs, the restart, and then no more than it takes to see that it is no better.
    assert [row["epoch"] for row in state.history] == [1, 1, 2, 1, 2, 3]


def test_nan_is_tried_again_once_and_said(small_network, data, tmp_path):
    told = Told()
    explode = dataclasses.replace(WILD, learning_rate=1e30)
    with pytest.raises(TrainingError, match="loss became"):
        run(small_network, recipe(explode), data, tmp_path, callback=told)
    assert any("begun again from its start with learning rate 5e+29" in line for line in told.lines)
    assert score(answers(small_network, data), data.val.labels).accuracy == 1.0  # that of the solved head


def test_what_is_better_is_kept_and_scored_as_it_is_saved(small_network, data, tmp_path, better):
    told = Told()
    state = run(small_network, recipe(GENTLE), data, tmp_path, callback=told).state
    assert state.history[-1]["kept"] == 1
    assert state.records["2"].fraction in (0.25, 0.5, 0.75, 1.0)
    assert any("phase 2 is kept" in line for line in told.lines)
    reached = score(answers(small_network, data), data.val.labels)
    assert state.best.accuracy == reached.accuracy
    assert state.best.loss == pytest.approx(reached.loss, abs=1e-5)


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_resumed_run_ends_as_one_that_never_stopped(small_network, data, tmp_path, better, epochs):
    start = weights(small_network)
    plan = recipe(GENTLE, dataclasses.replace(GENTLE, learning_rate=5e-4, ema_momentum=0.5))
    whole = run(small_network, plan, data, tmp_path / "whole")
    expected = weights(small_network)
    small_network.model.set_weights(start)
    stop = Stop()
    with pytest.raises(Stopped):
        run(small_network, plan, data, tmp_path / "parts", stop=stop, callback=Told(stop, epochs))
    small_network.model.set_weights([np.full_like(weight, 9) for weight in start])
    resumed = run(small_network, plan, data, tmp_path / "parts")
    for one, other in zip(expected, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (whole.state.best, whole.state.records) == (resumed.state.best, resumed.state.records)


@pytest.mark.parametrize("epochs", [2, 3, 4])
def test_a_restart_is_resumed_to_the_bit(small_network, data, tmp_path, epochs):
    start = weights(small_network)
    whole = run(small_network, recipe(WILD), data, tmp_path / "whole")
    small_network.model.set_weights(start)
    stop = Stop()
    with pytest.raises(Stopped):
        run(small_network, recipe(WILD), data, tmp_path / "parts", stop=stop, callback=Told(stop, epochs))
    small_network.model.set_weights(start)
    resumed = run(small_network, recipe(WILD), data, tmp_path / "parts")
    rows = [[{**row, "seconds": 0} for row in training.state.history] for training in (whole, resumed)]
    assert rows[0] == rows[1]
    assert whole.state.records == resumed.state.records


def test_a_phase_is_left_out_where_too_few_answers_are_wrong(small_network, data, tmp_path):
    told = Told()
    state = run(small_network, recipe(dataclasses.replace(GENTLE, min_error=0.05)), data, tmp_path, callback=told).state
    assert len(state.history) == 1
    assert any("phase 2 is left out: only 0.0 % of the validation images are wrong" in line for line in told.lines)


def test_patience_counts_from_the_start_of_the_phase(small_network, data, tmp_path):
    # The solved head has all right: no epoch is better.
    idle = Phase(trains="all", epochs=9, learning_rate=1e-12, batch_size=8, patience=2)
    state = run(small_network, recipe(idle), data, tmp_path).state
    assert len(state.history) == 1 + 2


def test_a_range_test_lowers_a_rate_that_raises_the_loss_and_leaves_no_trace():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(3, activation="softmax")])
    random = np.random.default_rng(0)
    batches = [
        (random.normal(size=(8, 6)).astype("float32"), np.eye(3, dtype="float32")[random.integers(3, size=8)])
        for _ in range(3)
    ]
    model.compile("sgd", "categorical_crossentropy")
    before = model.get_weights()
    assert harmless_rate(model, batches, 1e-3) == 1e-3
    lowered = harmless_rate(model, batches, 300.0)
    assert 300 / 90 <= lowered < 300
    assert harmless_rate(model, batches, 300.0) == lowered
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def plain(x):
    for name in ("one", "two"):
        x = keras.layers.Conv2D(8, 3, padding="same", activation="relu", name=f"{name}_conv")(x)
        x = keras.layers.MaxPooling2D(name=f"{name}_pool")(x)
    return x


def residual(x):
    x = keras.layers.Conv2D(8, 3, 2, "same", name="one_conv")(x)
    y = keras.layers.BatchNormalization(name="two_norm")(keras.layers.Conv2D(8, 3, padding="same", name="two_conv")(x))
    return keras.layers.Add(name="two_sum")([x, keras.layers.ReLU(name="two_relu")(y)])


def squeezed(x):
    x = keras.layers.Conv2D(8, 3, 2, "same", activation="swish", name="one_conv")(x)
    y = keras.layers.Dense(8, "sigmoid", name="two_gate")(keras.layers.GlobalAveragePooling2D(name="two_pool")(x))
    x = keras.layers.Multiply(name="two_product")([x, keras.layers.Reshape((1, 1, 8), name="two_reshape")(y)])
    return keras.layers.BatchNormalization(name="two_norm")(x)


def layer_normed(x):
    x = keras.layers.Conv2D(8, 4, 4, name="one_patches")(x)
    y = keras.layers.LayerNormalization(name="two_norm")(
        keras.layers.DepthwiseConv2D(3, padding="same", name="two_c")(x)
    )
    return keras.layers.Add(name="two_sum")([x, keras.layers.Dense(8, "gelu", name="two_dense")(y)])


@pytest.mark.parametrize("body", [plain, residual, squeezed, layer_normed])
def test_no_kind_of_network_collapses_in_silence(body, data, tmp_path):
    """The building blocks of VGG, ResNet, EfficientNet and ConvNeXt, from random weights, at an absurd rate."""
    keras.utils.set_random_seed(1)
    pixels = keras.Input((16, 16, 3), name="pixels")
    backbone = keras.Model(pixels, body(keras.layers.Rescaling(1 / 127.5, -1.0, name="scale")(pixels)))
    stages = {
        name: [layer for layer in backbone.layers if layer.name.startswith(name) and layer.weights]
        for name in ("two", "one")
    }
    network = attach_head(backbone, stages, 3, seed=1)
    told = Told()
    absurd = Phase(trains="all", epochs=3, learning_rate=50.0, batch_size=8)
    with suppress(TrainingError):
        run(network, recipe(absurd), data, tmp_path, callback=told)
    assert any("begun again from its start" in line or line.startswith("phase 2 is ") for line in told.lines)
    reached = score(answers(network, data), data.val.labels)
    assert reached.accuracy >= told.rows[0]["val_accuracy"]
