"""Callbacks of Keras are called as `fit` calls them, and training does not change because of them."""

import csv

import keras
import numpy as np
import pytest
from trainings import run, weights

from kerastl.errors import RecipeError, UsageError
from kerastl.finetuning._batches import epoch_order
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.finetuning._rules import Rule
from kerastl.training._callback import RunCallback, RunCallbackList, sort_callbacks
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._interrupt import Stop, Stopped

HEAD = Phase(epochs=2, learning_rate=0.02, batch_size=8)
ALL = Phase(trains="top", epochs=3, learning_rate=0.003, batch_size=8, batch_norm="trained", schedule="cosine")
TWO = Recipe("two", (HEAD, ALL), dropout=0.0)


class Record(keras.callbacks.Callback):
    """Writes down each event, its number, the names of its logs, and what the callback knows of the training."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def note(self, event, number=None, logs=None):
        self.seen.append((event, number, sorted(logs or {}), dict(self.params)))

    def on_train_begin(self, logs=None):
        self.note("train begin", None, logs)

    def on_train_end(self, logs=None):
        self.note("train end", None, logs)

    def on_epoch_begin(self, epoch, logs=None):
        self.note("epoch begin", epoch, logs)

    def on_epoch_end(self, epoch, logs=None):
        self.note("epoch end", epoch, logs)

    def on_train_batch_begin(self, batch, logs=None):
        self.note("batch begin", batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        self.note("batch end", batch, logs)


class Rate(keras.callbacks.Callback):
    """Puts the learning rate into the logs, as callbacks of Keras do that set it."""

    def on_epoch_end(self, epoch, logs=None):
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def test_the_calls_are_those_of_fit(small_network, data, activations, tmp_path):
    ours, theirs = Record(), Record()
    phase = Phase(epochs=2, learning_rate=0.02, batch_size=8)
    run(small_network, Recipe("r", (phase,), dropout=0.0), data, tmp_path, callbacks=[ours])

    pixels, labels = activations[0].astype("float32"), np.eye(3, dtype="float32")[activations[1]]
    model = small_network.model
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    batches = ((pixels[rows], labels[rows]) for epoch in (0, 1) for rows in epoch_order((5, 0), epoch, 36, 8))
    model.fit(
        batches, steps_per_epoch=4, epochs=2, shuffle=False, verbose=0, validation_data=(pixels[36:], labels[36:]),
        callbacks=[Rate(), theirs],
    )  # fmt: skip
    assert ours.seen == theirs.seen
    assert ("epoch end", 1) in [seen[:2] for seen in ours.seen]


def test_the_logs_hold_what_the_history_does(small_network, data, tmp_path):
    logs = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, seen: logs.append({"epoch": epoch, **seen}))
    training = run(small_network, TWO, data, tmp_path, callbacks=[callback])
    names = ("loss", "accuracy", "val_loss", "val_accuracy", "learning_rate")
    rows = [{"epoch": n, **{name: row[name] for name in names}} for n, row in enumerate(training.state.history)]
    assert logs == rows  # the numbers of epochs go on from phase to phase
    assert rows[1]["learning_rate"] == 0.02
    assert rows[4]["learning_rate"] == pytest.approx(0.003 * (1 + np.cos(np.pi * 11 / 12)) / 2)


def test_a_run_with_callbacks_ends_as_one_without(small_network, data, tmp_path):
    start = weights(small_network)
    run(small_network, TWO, data, tmp_path / "without")
    expected = weights(small_network)
    small_network.model.set_weights(start)
    callbacks = [
        keras.callbacks.CSVLogger(tmp_path / "log.csv", append=True),
        keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_weights_only=True),
        keras.callbacks.EarlyStopping("val_loss", patience=50),
        keras.callbacks.TerminateOnNaN(),
        Record(),
    ]
    run(small_network, TWO, data, tmp_path / "with", callbacks=callbacks)
    for one, other in zip(expected, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
    with (tmp_path / "log.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert set(rows[0]) == {"epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"}
    assert sorted(file.name for file in tmp_path.glob("*.h5")) == [f"{n}.weights.h5" for n in range(1, 6)]


def test_model_checkpoint_sees_the_whole_network(small_network, data, tmp_path):
    keep = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "val_accuracy", save_best_only=True, mode="max")
    training = run(small_network, Recipe("r", (HEAD,), dropout=0.0), data, tmp_path, callbacks=[keep])
    model = keras.models.load_model(tmp_path / "best.keras")  # with its optimizer
    assert model.input_shape == (None, 16, 16, 3)
    assert int(model.optimizer.iterations) in (4, 8)
    pixels = np.stack([keras.utils.img_to_array(keras.utils.load_img(file)) for file in data.val.files])
    right = (model.predict(pixels, verbose=0).argmax(1) == data.val.labels).mean()
    assert right == pytest.approx(training.state.best.accuracy)
    assert not small_network.model.compiled  # what is handed over holds no optimizer


class StopsAfter(RunCallback):
    """Asks for a stop in the step after an epoch."""

    def __init__(self, stop, epochs):
        self.stop, self.epochs, self.rows = stop, epochs, []

    def epoch(self, row):
        self.rows.append(row)

    def advance(self, steps=1):
        self.stop.requested = len(self.rows) == self.epochs


@pytest.mark.parametrize("epochs", [1, 3])
def test_on_resume_the_numbers_of_epochs_go_on(small_network, data, tmp_path, epochs):
    start = weights(small_network)
    whole = Record()
    run(small_network, TWO, data, tmp_path / "whole", callbacks=[whole])
    expected = weights(small_network)
    small_network.model.set_weights(start)
    stop, first, second = Stop(), Record(), Record()
    with pytest.raises(Stopped):
        run(small_network, TWO, data, tmp_path / "s", stop=stop, callback=StopsAfter(stop, epochs), callbacks=[first])
    run(small_network, TWO, data, tmp_path / "s", callbacks=[second])
    for one, other in zip(expected, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
    ends = [[seen for seen in record.seen if seen[0] == "epoch end"] for record in (whole, first, second)]
    assert ends[0] == ends[1] + ends[2]
    assert [end[1] for end in ends[2]] == list(range(epochs, 5))


def test_early_stopping_ends_a_phase_and_not_the_run(small_network, data, tmp_path):
    stops = keras.callbacks.EarlyStopping("loss", mode="max", patience=1)  # the loss falls, which is never better
    training = run(small_network, TWO, data, tmp_path, callbacks=[stops])
    ran = [(row["phase"], row["epoch"]) for row in training.state.history]
    # Keras 3.12 has an EarlyStopping that is used again remember its best, so that it stops an epoch sooner.
    assert ran == [(1, 1), (1, 2), (2, 1), (2, 2)][: 3 if keras.__version__.startswith("3.12.") else 4]


@pytest.mark.parametrize("solver", ["gradient", "logistic_regression"])
def test_the_direction_of_what_is_monitored_is_known(small_network, data, tmp_path, solver):
    best = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "val_accuracy", save_best_only=True)
    stops = keras.callbacks.EarlyStopping("accuracy", patience=9)
    phase = Phase(epochs=2, learning_rate=0.02, batch_size=8, solver=solver)
    run(small_network, Recipe("r", (phase,), dropout=0.0), data, tmp_path / "run", callbacks=[best, stops])
    assert [callback.monitor_op for callback in (best, stops)] == [keras.ops.greater] * 2
    assert (tmp_path / "best.keras").is_file()


def test_a_stop_within_an_epoch_ends_it_there(small_network, data, tmp_path):
    record = Record()

    class Stops(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 1

    run(small_network, Recipe("r", (HEAD,), dropout=0.0), data, tmp_path, callbacks=[Stops(), record])
    assert [seen[:2] for seen in record.seen if seen[0] != "batch begin"] == [
        ("train begin", None), ("epoch begin", 0), ("batch end", 0), ("batch end", 1), ("epoch end", 0),
        ("train end", None),
    ]  # fmt: skip


def test_a_phase_that_a_callback_ended_does_not_go_on_when_resumed(small_network, data, tmp_path):
    class Stops(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

        def on_train_end(self, logs=None):
            raise RuntimeError("the lights went out")

    with pytest.raises(RuntimeError, match="the lights went out"):
        run(small_network, Recipe("r", (HEAD,), dropout=0.0), data, tmp_path, callbacks=[Stops()])
    assert len(run(small_network, Recipe("r", (HEAD,), dropout=0.0), data, tmp_path).state.history) == 1


def test_a_callback_that_raises_leaves_the_state_whole(small_network, data, tmp_path):
    start = weights(small_network)
    run(small_network, TWO, data, tmp_path / "whole")
    expected = weights(small_network)
    small_network.model.set_weights(start)

    class Raises(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 3:
                raise RuntimeError("the disk of the logger is full")

    with pytest.raises(RuntimeError, match="the disk of the logger is full"):
        run(small_network, TWO, data, tmp_path / "parts", callbacks=[Raises()])
    assert Checkpoint(tmp_path / "parts" / "state").load()["training"]["epoch"] == 1  # of the second phase
    run(small_network, TWO, data, tmp_path / "parts")
    for one, other in zip(expected, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_solved_head_is_one_epoch_without_batches(small_network, data, tmp_path):
    record, logs = Record(), []
    last = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, seen: logs.append(seen))
    recipe = Recipe("probe", (Phase(solver="logistic_regression"), HEAD), dropout=0.0)
    training = run(small_network, recipe, data, tmp_path, callbacks=[record, last])
    events = [seen[:2] for seen in record.seen if not seen[0].startswith("batch")]
    assert events[:4] == [("train begin", None), ("epoch begin", 0), ("epoch end", 0), ("train end", None)]
    assert events[4:6] == [("train begin", None), ("epoch begin", 1)]
    assert logs[0]["val_accuracy"] == training.state.history[0]["val_accuracy"]


def test_the_rate_may_be_set_where_it_is_constant(small_network, data, tmp_path):
    halves = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    training = run(small_network, Recipe("r", (HEAD,), dropout=0.0), data, tmp_path, callbacks=[halves])
    assert [row["learning_rate"] for row in training.state.history] == pytest.approx([0.01, 0.005])


def test_a_callback_that_sets_the_rate_of_a_schedule_is_refused(small_network, data, tmp_path):
    with pytest.raises(RecipeError, match=r"'two', phase 2: keras.callbacks.ReduceLROnPlateau sets the learning rate"):
        run(small_network, TWO, data, tmp_path, callbacks=[keras.callbacks.ReduceLROnPlateau()])
    assert not (tmp_path / "f").exists()  # nothing was computed


def test_both_kinds_of_callbacks_go_in_one_list():
    ours, theirs = RunCallback(), keras.callbacks.Callback()
    assert sort_callbacks([theirs, ours]) == ([ours], [theirs])
    assert sort_callbacks(theirs) == ([], [theirs])  # `fit` takes one alone, too
    assert sort_callbacks(ours) == ([ours], [])
    with pytest.raises(UsageError, match=r"callbacks must be a list of .* Received: 'tensorboard'"):
        sort_callbacks(["tensorboard"])
    with pytest.raises(UsageError, match=r"BackupAndRestore does not fit here: a run resumes by itself"):
        sort_callbacks([keras.callbacks.BackupAndRestore("x")])


def test_several_callbacks_hear_the_same():
    heard = []

    class Hears(RunCallback):
        def __getattribute__(self, name):
            return lambda *given: heard.append((name, given))

    both = RunCallbackList([Hears(), Hears()])
    both.say("a")
    both.warn("b")
    both.phase("c")
    both.begin("d", 2)
    both.advance()
    both.end()
    both.epoch({"e": 1})
    events = [
        ("say", ("a",)), ("warn", ("b",)), ("phase", ("c",)), ("begin", ("d", 2)), ("advance", (1,)), ("end", ()),
        ("epoch", ({"e": 1},)),
    ]  # fmt: skip
    assert heard == [event for event in events for _ in range(2)]


EMA = Recipe(
    "average",
    (Phase(trains="top", epochs=3, learning_rate=0.05, batch_size=8, ema_momentum=0.9, rules=(Rule("*"),)),),
    dropout=0.0,
)


def test_the_average_is_validated_and_kept(small_network, data, tmp_path):
    seen = []
    look = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(weights(small_network)))
    training = run(small_network, EMA, data, tmp_path, callbacks=[look])
    history = training.state.history
    best = max(range(3), key=lambda n: (history[n]["val_accuracy"], -history[n]["val_loss"]))
    for one, other in zip(seen[best], weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
    live = Checkpoint(tmp_path / "state").arrays("start")
    assert len(live) == len(small_network.model.variables)


def test_the_average_by_hand(small_network, data, activations, tmp_path):
    one = Recipe("r", (Phase(epochs=1, learning_rate=0.05, batch_size=8, ema_momentum=0.9),), dropout=0.0)
    start = weights(small_network)
    run(small_network, one, data, tmp_path)
    ours = weights(small_network)

    model = small_network.model
    model.set_weights(start)
    model.compile(keras.optimizers.Adam(0.05), "categorical_crossentropy")
    pixels, labels = activations[0].astype("float32"), np.eye(3, dtype="float32")[activations[1]]
    average = None
    for rows in epoch_order((5, 0), 0, 36, 8):
        model.train_on_batch(pixels[rows], labels[rows])
        now = weights(small_network)
        average = now if average is None else [0.9 * a + 0.1 * w for a, w in zip(average, now, strict=True)]
    for one_weight, other in zip(ours, average, strict=True):
        np.testing.assert_allclose(one_weight, other, atol=2e-5)


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_run_with_an_average_resumes_exactly(small_network, data, tmp_path, epochs):
    start = weights(small_network)
    run(small_network, EMA, data, tmp_path / "whole")
    expected = weights(small_network)
    small_network.model.set_weights(start)
    stop = Stop()
    with pytest.raises(Stopped):
        run(small_network, EMA, data, tmp_path / "parts", stop=stop, callback=StopsAfter(stop, epochs))
    run(small_network, EMA, data, tmp_path / "parts")
    for one, other in zip(expected, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
