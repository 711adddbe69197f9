"""Cached, streamed and plain Keras training give the same weights."""

import dataclasses
import json

import keras
import numpy as np
import pytest
from PIL import Image
from trainings import run, weights

from kerastl.errors import TrainingError
from kerastl.finetuning._batches import epoch_order
from kerastl.finetuning._diagnosis import NothingLearntError
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._scores import score
from kerastl.finetuning._state import FineTuningState
from kerastl.finetuning._training_data import LabeledImages
from kerastl.training._callback import RunCallback
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._interrupt import Stop, Stopped
from kerastl.training._variables import check_finite


@pytest.mark.parametrize("trains", ["head", "top", "middle", "all"])
def test_cached_and_streamed_training_agree(small_network, data, tmp_path, trains):
    phase = Phase(trains=trains, epochs=2, learning_rate=0.01, batch_size=8, batch_norm="trained")
    start = weights(small_network)
    run(small_network, Recipe("r", (phase,), dropout=0.0), data, tmp_path / "cached")
    cached = weights(small_network)
    small_network.model.set_weights(start)
    run(small_network, Recipe("r", (phase,), dropout=0.0), data, tmp_path / "streamed", limit=0)
    for one, other in zip(cached, weights(small_network), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_cached_training_agrees_with_plain_keras(small_network, data, activations, tmp_path):
    phase = Phase(trains="top", epochs=1, learning_rate=0.01, batch_size=8)
    start = weights(small_network)
    training = run(small_network, Recipe("r", (phase,), dropout=0.0), data, tmp_path)
    assert training.state.best_here is False  # the next phase would begin
    ours = weights(small_network)

    model = small_network.model
    model.set_weights(start)
    for layer in model.layers:
        layer.trainable = layer.name in ("top_conv", "head_classifier")
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy")
    pixels, labels = activations
    for rows in epoch_order((5, 0), 0, 36, 8):
        model.train_on_batch(pixels[rows].astype("float32"), np.eye(3, dtype="float32")[labels[rows]])
    for one, other in zip(ours, weights(small_network), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-5)


TWO = Recipe(
    "two",
    (
        Phase(epochs=2, learning_rate=0.02, batch_size=8),
        Phase(trains="all", epochs=3, learning_rate=0.003, batch_size=8, batch_norm="trained", schedule="cosine"),
    ),
    dropout=0.0,
)


class StopsAfter(RunCallback):
    """Asks for a stop in the step after an epoch."""

    def __init__(self, stop, epochs):
        self.stop, self.epochs, self.rows = stop, epochs, []

    def epoch(self, row):
        self.rows.append(row)

    def advance(self, steps=1):
        self.stop.requested = len(self.rows) == self.epochs


@pytest.mark.parametrize("epochs", [1, 2, 4])
def test_a_resumed_run_ends_as_one_that_never_stopped(small_network, data, tmp_path, epochs):
    start = weights(small_network)
    whole = run(small_network, TWO, data, tmp_path / "whole")
    expected = weights(small_network)

    small_network.model.set_weights(start)
    stop = Stop()
    with pytest.raises(Stopped):
        run(small_network, TWO, data, tmp_path / "parts", stop=stop, callback=StopsAfter(stop, epochs))
    small_network.model.set_weights([np.full_like(weight, 9) for weight in start])
    resumed = run(small_network, TWO, data, tmp_path / "parts")
    for one, other in zip(expected, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
    timeless = [[{**row, "seconds": 0} for row in t.state.history] for t in (whole, resumed)]
    assert timeless[0] == timeless[1]
    assert resumed.state.best == whole.state.best


def test_the_best_weights_are_kept_across_phases(small_network, data, tmp_path):
    wild = Recipe("wild", (TWO.phases[0], Phase(trains="all", epochs=1, learning_rate=5.0, batch_size=8)), dropout=0.0)
    training = run(small_network, wild, data, tmp_path)
    history = training.state.history
    best = max(history, key=lambda row: (row["val_accuracy"], -row["val_loss"]))
    assert best["phase"] == 1
    pixels = np.stack([np.array(Image.open(file)) for file in data.val.files]).astype("float32")
    reached = score(np.asarray(small_network.model(pixels)), data.val.labels)
    assert reached.accuracy == best["val_accuracy"]
    assert reached.loss == pytest.approx(best["val_loss"], abs=1e-5)


def test_nan_is_one_clear_line_and_keeps_what_was_reached(small_network, data, tmp_path):
    explode = Phase(trains="all", epochs=2, learning_rate=1e30, batch_size=8, batch_norm="trained")
    recipe = Recipe("nan", (TWO.phases[0], explode), dropout=0.0)
    with pytest.raises(TrainingError, match=r"loss became .*lower learning_rate"):
        run(small_network, recipe, data, tmp_path)
    assert all(np.isfinite(weight).all() for weight in weights(small_network))


def test_logistic_regression_beats_the_first_weights(small_network, data, tmp_path):
    recipe = Recipe("probe", (Phase(solver="logistic_regression"),), dropout=0.0)
    training = run(small_network, recipe, data, tmp_path)
    assert training.state.best.accuracy == 1.0


PROBE = Recipe("probe", (Phase(solver="logistic_regression"),), dropout=0.0)


def test_a_good_run_has_no_warnings(small_network, data, tmp_path):
    assert run(small_network, PROBE, data, tmp_path).state.warnings == []


def test_labels_at_random_are_a_warning_and_no_error(small_network, data, tmp_path):
    train, val = (LabeledImages(data.train.files, np.random.default_rng(seed).permutation(36) % 3) for seed in (0, 1))
    state = run(small_network, PROBE, dataclasses.replace(data, train=train, val=val), tmp_path).state
    assert any("chance level" in warning for warning in state.warnings)
    assert state.failure == ""


def test_a_head_that_learnt_nothing_is_an_error(small_network, data, tmp_path):
    for layer in small_network.stages["top"]:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])  # all features are 0
    with pytest.raises(NothingLearntError, match=r"nothing was learnt.*No model is kept.*kerastl check"):
        run(small_network, PROBE, data, tmp_path)
    with pytest.raises(NothingLearntError):  # going on does not change that
        run(small_network, PROBE, data, tmp_path)


def test_later_phases_may_learn_what_the_head_alone_cannot(small_network, data, tmp_path):
    for layer in small_network.stages["top"]:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
        if layer.name == "top_norm":
            layer.set_weights([np.ones_like(weight) for weight in layer.get_weights()])
    phase = Phase(trains="all", epochs=30, learning_rate=0.02, batch_size=8, batch_norm="trained")
    training = run(small_network, Recipe("two", (*PROBE.phases, phase), dropout=0.0), data, tmp_path)
    assert training.state.failure == ""
    assert training.state.best.accuracy > 0.5


def test_the_same_scores_for_all_are_a_warning_after_gradient_steps(small_network, data, tmp_path):
    for layer in small_network.stages["top"]:
        layer.set_weights([np.zeros_like(weight) for weight in layer.get_weights()])
    state = run(small_network, Recipe("r", (Phase(epochs=1, batch_size=8),), dropout=0.0), data, tmp_path).state
    assert "all 12 validation images get the same scores" in state.warnings[0]


def test_a_network_with_nan_is_no_start(small_network, data, tmp_path):
    layer = small_network.stages["top"][0]
    layer.set_weights([np.full_like(weight, np.nan) for weight in layer.get_weights()])
    with pytest.raises(TrainingError, match="features hold NaN or infinity"):
        run(small_network, PROBE, data, tmp_path)
    with pytest.raises(TrainingError, match=r"NaN or infinite \(top_conv/kernel, 1 of"):
        check_finite(small_network.model)


def test_patience_ends_a_phase(small_network, data, tmp_path):
    phase = Phase(epochs=50, learning_rate=1e-12, batch_size=8, patience=2)
    training = run(small_network, Recipe("r", (phase,), dropout=0.0), data, tmp_path)
    assert len(training.state.history) < 50


def test_the_state_survives_json():
    state = FineTuningState(seconds=[0.0])
    state.record({"epoch": 1, "seconds": 2.0}, score(np.array([[0.7, 0.3]]), np.array([0])))
    assert FineTuningState.from_dict(json.loads(json.dumps(dataclasses.asdict(state)))) == state


def test_score_by_hand():
    probabilities = np.array([[0.5, 0.3, 0.2], [0.2, 0.4, 0.4], [0.2, 0.4, 0.4]], np.float32)
    reached = score(probabilities, np.array([0, 1, 2]))
    assert reached.accuracy == pytest.approx(2 / 3)  # of two equal ones the first counts
    assert reached.loss == pytest.approx(-np.log([0.5, 0.4, 0.4]).mean(), rel=1e-6)
    assert reached.top5 == 1.0


def test_a_checkpoint_is_whole_whatever_lies_around(tmp_path):
    checkpoint = Checkpoint(tmp_path / "state")
    assert checkpoint.load() is None
    checkpoint.save({"n": 1}, {"a": [np.arange(3)], "b": [np.eye(2)]})
    (tmp_path / "state" / "2-a.npz").write_bytes(b"half a fil")  # killed while writing
    checkpoint.save({"n": 2}, {"a": [np.arange(4), np.ones(1)], "b": None})
    assert checkpoint.load() == {"n": 2}
    assert [array.tolist() for array in checkpoint.arrays("a")] == [[0, 1, 2, 3], [1.0]]
    assert checkpoint.arrays("b")[0].tolist() == [[1, 0], [0, 1]]
    assert len(list((tmp_path / "state").iterdir())) == 3
