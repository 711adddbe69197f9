"""Runs fit into the time that they are given."""

import itertools
import math

import numpy as np
import pytest
from trainings import run, weights

from kerastl.errors import UsageError
from kerastl.finetuning import _estimate as estimate
from kerastl.finetuning import _phase_training as phase_training
from kerastl.finetuning._budget import Budget, OutOfTime, PhaseTime, seconds_of, shortened
from kerastl.finetuning._estimate import FeatureTimer, StepTimer, epochs_in_words
from kerastl.finetuning._recipe import Phase, Recipe
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Stop, Stopped


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("10m", 600), ("90s", 90), ("1h30m", 5400), ("1.5 h", 5400), ("2 min", 120), ("45", 45), (7.5, 7.5), (None, None)],
)
def test_a_budget_is_read_as_people_write_times(text, seconds):
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "ten", "10x", "m", "-5", 0, -1.0, "nan", "inf", True, [1], "1e999", "10m!"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(UsageError, match=r"^budget must be a time such as 10m, 90s or 1h30m, or seconds\. Received: "):
        seconds_of(text)


def left(seconds):
    return Budget(seconds, started=0.0, clock=lambda: 0.0)


@pytest.mark.parametrize(
    ("budget", "features", "epoch", "epochs"),
    [
        (math.inf, 1.0, 1e9, 20),  # no limit
        (1000.0, 1.0, 1.0, 20),  # all fit
        (200.0, 1.0, 9.0, 10),  # half of 0.9 * 200 s, since another phase wants as many epochs
        (200.0, 100.0, 9.0, 20),  # the other phase would have no time for its features: all of 180 s
        (20.0, 1.0, 10.0, 1),  # its share is 9 s, but there is time for one
    ],
)
def test_a_phase_gets_the_epochs_that_fit(budget, features, epoch, epochs):
    time = PhaseTime(left(budget), features, [Phase(solver="logistic_regression"), Phase(epochs=20)])
    assert time.epochs(Phase(epochs=20), epoch) == epochs


def test_a_phase_without_time_for_an_epoch_is_left_out_unless_it_is_needed():
    time = PhaseTime(left(10.0), 0.0, [])
    with pytest.raises(OutOfTime):
        time.epochs(Phase(epochs=20), 9.5)
    assert time.epochs(Phase(epochs=20), 9.5, needed=True) == 1
    assert time.epochs(Phase(epochs=2), 4.0, compiling=9.0) == 2  # compiled already
    assert time.epochs(Phase(epochs=20), 2.0, compiling=3.0) == 3  # 9 s, less 3
    with pytest.raises(OutOfTime):
        time.epochs(Phase(epochs=20), 4.0, compiling=6.0)


@pytest.mark.parametrize(
    ("epochs", "warmup", "short", "shorter_warmup"),
    [(20, 1.0, 10, 1.0), (20, 1.0, 2, 0.5), (8, 4.0, 2, 1.0), (8, 0.0, 2, 0.0), (8, 0.5, 8, 0.5), (8, 0.5, 30, 0.5)],
)
def test_a_shortened_phase_keeps_its_schedule(epochs, warmup, short, shorter_warmup):
    phase = shortened(Phase(epochs=epochs, warmup=warmup, schedule="cosine"), short)
    assert (phase.epochs, phase.warmup, phase.schedule) == (min(short, epochs), shorter_warmup, "cosine")


def test_the_budget_counts_what_was_used_before():
    budget = Budget(100.0, started=10.0, clock=lambda: 25.0)
    budget.earlier = 30.0
    assert (budget.used, budget.left) == (45.0, 55.0)
    assert not budget.is_overdrawn(60.0)
    assert budget.is_overdrawn(66.0)
    assert not Budget(None).is_overdrawn(1e9)


class Lines(RunCallback):
    """Keeps what is said."""

    def __init__(self):
        self.lines = []

    def say(self, text):
        self.lines.append(text)


def test_the_time_of_features_is_said_once_and_limited():
    told, ticks = Lines(), itertools.count()
    timer = FeatureTimer(told, limit=100.0, clock=lambda: float(next(ticks)))
    timer.rows = 50
    timer.begin("features", 20)
    for _ in range(20):
        timer.advance()
    assert told.lines == ["features of 50 rows, about 50 s"]
    timer.end()
    assert timer.seconds == 21.0  # the clock has struck at each row, and at the end
    timer.rows = 200
    timer.begin("features", 180)
    with pytest.raises(OutOfTime):
        timer.advance()


def test_steps_are_timed_without_the_first():
    found, now = [], iter([0, 50, 100, 101, 200, 203, 300, 399])
    timer = StepTimer(lambda *seconds: found.append(seconds), clock=lambda: float(next(now)))
    for step in range(4):
        timer.on_train_batch_begin(step)
        if step < 3:
            timer.on_train_batch_end(step)
    assert found == [(50.0, 2.0)]  # (1 + 3) / 2


def test_what_a_phase_will_do_is_said_in_words():
    assert epochs_in_words(18, 18, 133.0) == "18 epochs, about 40 min; Ctrl-C keeps the best"
    assert epochs_in_words(3, 3, 0.1) == "3 epochs, less than a second; Ctrl-C keeps the best"
    assert epochs_in_words(1, 18, 9.0) == "1 of 18 epochs, about 9.0 s; Ctrl-C keeps the best"


RECIPE = Recipe(
    "two",
    (
        Phase(epochs=2, learning_rate=0.02, batch_size=8),
        Phase(
            trains="all", epochs=6, learning_rate=0.003, batch_size=8, batch_norm="trained",
            schedule="cosine", warmup=1.0,
        ),
    ),
)  # fmt: skip


@pytest.fixture
def slow(monkeypatch):
    """Steps are measured, but epochs are said to take 30 s in the first phase and 10 s in the others."""
    asked = iter([30.0, 10.0, 10.0])

    def pace(*arguments):
        estimate.measured_pace(*arguments)
        return estimate.Pace(next(asked), 0.0)

    monkeypatch.setattr(phase_training, "measured_pace", pace)


def test_a_recipe_is_shortened_as_if_it_had_been_written_so(small_network, data, tmp_path, slow):
    start, told = weights(small_network), Lines()
    budget = Budget(65.0, started=0.0, clock=lambda: 0.0)
    training = run(small_network, RECIPE, data, tmp_path / "budget", callback=told, budget=budget)
    # 58.5 s, of which the first phase may have 2 / 8: one epoch, as the least. The second 5 of its 6.
    assert training.state.plan == [1, 5]
    assert [line for line in told.lines if "Ctrl-C" in line] == [
        "1 of 2 epochs, about 30 s; Ctrl-C keeps the best",
        "5 of 6 epochs, about 50 s; Ctrl-C keeps the best",
    ]
    short = Recipe("two", tuple(shortened(phase, n) for phase, n in zip(RECIPE.phases, (1, 5), strict=True)))
    found = weights(small_network)
    small_network.model.set_weights(start)
    for layer in small_network.model.layers:  # dropout goes on with its random numbers
        for generator in getattr(layer, "_seed_generators", []):
            generator.state.assign(generator.get_initial_state())
    plain = run(small_network, short, data, tmp_path / "plain")
    for one, other in zip(found, weights(small_network), strict=True):
        np.testing.assert_array_equal(one, other)
    assert plain.state.plan == []


def test_a_plan_outlives_an_interruption(small_network, data, tmp_path, slow):
    stop = Stop()

    class StopsInThePhase(RunCallback):
        def epoch(self, row):
            stop.requested = row["phase"] == 2 and row["epoch"] == 2

    budget = Budget(65.0, started=0.0, clock=lambda: 0.0)
    with pytest.raises(Stopped):
        run(small_network, RECIPE, data, tmp_path, stop=stop, callback=StopsInThePhase(), budget=budget)
    later = Budget(65.0, started=0.0, clock=lambda: 1.0)
    training = run(small_network, RECIPE, data, tmp_path, budget=later)
    assert training.state.plan == [1, 5]
    assert [row["epoch"] for row in training.state.history] == [1, 1, 2, 3, 4, 5]


def test_a_phase_that_has_no_time_is_left_out_and_that_is_said(small_network, data, tmp_path, slow):
    told = Lines()
    budget = Budget(40.0, started=0.0, clock=itertools.chain([0.0] * 6, itertools.repeat(32.0)).__next__)
    training = run(small_network, RECIPE, data, tmp_path, callback=told, budget=budget)
    assert training.state.plan == [1, 0]
    assert (
        "phase 2 is left out: 40 s may be taken, of which 8.0 s are left; it needs about 10 s at least (--budget)"
        in (told.lines)
    )
    assert {row["phase"] for row in training.state.history} == {1}


def test_epochs_that_take_longer_than_was_measured_end_with_the_budget(small_network, data, tmp_path, slow):
    told, now = Lines(), [0.0]

    class Slow(RunCallback):
        def epoch(self, row):
            now[0] += 100.0

        def say(self, text):
            told.say(text)

    budget = Budget(70.0, started=0.0, clock=lambda: now[0])
    training = run(small_network, Recipe("r", RECIPE.phases[:1]), data, tmp_path, callback=Slow(), budget=budget)
    assert len(training.state.history) == 1
    assert told.lines[-1] == "the budget is used up: ended after epoch 1 of 2"
