"""How long a phase will take, found out on its own first images and steps."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import keras

from kerastl._progress.lines import duration
from kerastl.finetuning._batches import Batch, Batches
from kerastl.finetuning._budget import OutOfTime
from kerastl.finetuning._loop import PREDICTION_BATCH, Observers, Sliceable, predict
from kerastl.training._callback import RunCallback, RunCallbackList
from kerastl.training._fit import StepMonitor, fit

# What takes no longer is begun without a word.
WORTH_SAYING = 10.0
# Rows and seconds after which the time of all rows is guessed.
_ROWS, _SECONDS = 16, 1.0
# The first step compiles. Then so many are timed, fewer where they take a second together.
_UNTIMED, _FEWEST, _MOST = 1, 2, 30

Clock = Callable[[], float]


class FeatureTimer(RunCallbackList):
    """Hears how features are computed, says how long they will take, and ends what takes too long.

    Args:
        told: Hears all that this hears.
        limit: Seconds that they may take.
        clock: Gives seconds.
    """

    def __init__(self, told: RunCallback, limit: float = math.inf, clock: Clock = time.monotonic) -> None:
        super().__init__([told])
        self._limit = limit
        self._clock = clock
        self._start = 0.0
        self._said = False
        self._done = 0
        self._earlier = 0.0
        self.rows = 0
        """Of all stores together."""

    @property
    def seconds(self) -> float:
        """How long the rows took that are done."""
        return self._earlier

    def begin(self, what: str, total: int) -> None:
        """See `RunCallback`, and so for the next two."""
        self._start = self._clock()
        self.rows = max(self.rows, self._done + total)
        super().begin(what, total)

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        super().advance(steps)
        now = self._earlier + self._clock() - self._start
        if self._done < _ROWS or now < _SECONDS:
            return
        expected = now / self._done * self.rows
        if not self._said and expected >= WORTH_SAYING:
            self._said = True
            self.say(f"features of {self.rows:,} rows, about {duration(expected)}")
        if expected > self._limit:
            raise OutOfTime(expected)

    def end(self) -> None:
        self._earlier += self._clock() - self._start
        super().end()


class StepTimer(keras.callbacks.Callback):
    """Times the first steps of a phase, without the very first.

    Args:
        then: Called once, with the seconds of the very first step and the mean of the others.
        clock: Gives seconds.
    """

    def __init__(self, then: Callable[[float, float], None], clock: Clock = time.monotonic) -> None:
        super().__init__()
        self._then = then
        self._clock = clock
        self._begun = 0.0
        self._times: list[float] = []
        self._over = False

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the clock (called by Keras)."""
        self._begun = self._clock()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Note how long the step took (called by Keras)."""
        if self._over:
            return
        self._times.append(self._clock() - self._begun)
        timed = self._times[_UNTIMED:]
        if len(timed) >= _MOST or (len(timed) >= _FEWEST and sum(timed) >= _SECONDS):
            self._over = True
            self._then(self._times[0], sum(timed) / len(timed))


class _Timed(Exception):  # noqa: N818 - ends the steps that are timed
    def __init__(self, first: float, step: float) -> None:
        super().__init__(first, step)
        self.first, self.step = first, step


class Pace(NamedTuple):
    """How fast a phase is, in seconds.

    Args:
        epoch: With validation.
        compiling: That the first step takes more than others.
    """

    epoch: float
    compiling: float


def measured_pace(model: keras.Model, batches: Batches, rows: Sliceable | None, observers: Observers) -> Pace:
    """Time a few steps of a phase, and a piece of its validation.

    Args:
        model: Compiled. Its variables and those of its optimizer are others afterwards, for the caller to put back.
        batches: To train on.
        rows: To validate on.
        observers: Hear what is done; Keras's callbacks do not, since nothing is learnt.

    Raises:
        TrainingError: The loss is not a number.
        Stopped: A stop was asked for.
    """

    def ended(first: float, step: float) -> None:
        raise _Timed(first, step)

    title = "timing a few steps"
    monitor = StepMonitor(observers.told, lambda epoch: title, "lower learning_rate", stop=observers.stop)
    steps = _UNTIMED + _MOST
    callbacks = keras.callbacks.CallbackList(
        [monitor, StepTimer(ended)], add_history=True, model=model, verbose=0, epochs=1, steps=steps
    )
    try:
        fit(model, _endless(batches), callbacks, epochs=1, steps=steps)
    except _Timed as timed:
        epoch = timed.step * batches.steps + validation_seconds(model, rows)
        return Pace(epoch, max(0.0, timed.first - timed.step))
    finally:
        observers.told.end()
    raise AssertionError("the steps were timed")


def _endless(batches: Batches) -> Iterator[Batch]:
    for epoch in itertools.count():
        yield from batches.epoch(epoch)


def validation_seconds(model: keras.Model, rows: Sliceable | None, clock: Clock = time.monotonic) -> float:
    """Time a piece of a validation; return seconds of all of it."""
    if rows is None:
        return 0.0
    predict(model, rows[:PREDICTION_BATCH])  # compiles
    start = clock()
    part = rows[:PREDICTION_BATCH]
    predict(model, part)
    return (clock() - start) * len(rows) / len(part)


def epochs_in_words(epochs: int, wanted: int, seconds: float) -> str:
    """Say what a phase is about to do: `18 epochs, about 40 min; Ctrl-C keeps the best`.

    Args:
        epochs: That are left.
        wanted: Those that the recipe has.
        seconds: Of an epoch.
    """
    count = f"{epochs} epoch{'s' * (epochs != 1)}" if epochs == wanted else f"{epochs} of {wanted} epochs"
    total = epochs * seconds
    how_long = f"about {duration(total)}" if total >= 1 else "less than a second"
    return f"{count}, {how_long}; Ctrl-C keeps the best"
