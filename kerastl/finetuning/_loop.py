"""The epochs of one phase: `fit` on a compiled Keras model, with a validation and a record after each.

A phase is to a callback of Keras what one call of `fit` is: `on_train_begin` and `on_train_end` are its ends. Numbers
of epochs go on from phase to phase. A head that is solved directly is one epoch without batches. The model that a
callback sees is the whole network, compiled as the part that trains, whose weights and optimizer it shares.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np

from kerastl.finetuning._batches import Batch, Batches
from kerastl.finetuning._compiling import training_metric
from kerastl.finetuning._scores import Score, score
from kerastl.tasks._task import CLASSIFICATION, TASKS, Task
from kerastl.training._callback import RunCallback
from kerastl.training._fit import DivergedError, StepMonitor, fit
from kerastl.training._interrupt import Stop
from kerastl.training._optimizer import averaged_weights
from kerastl.training._process_group import current
from kerastl.training._variables import attach_variables

PREDICTION_BATCH = 64


class Sliceable(Protocol):
    """An array, or what reads one piece by piece."""

    def __len__(self) -> int: ...

    def __getitem__(self, part: slice, /) -> np.ndarray: ...


@dataclass(frozen=True)
class Epoch:
    """What one epoch has shown.

    Args:
        number: In the phase, from 1.
        learning_rate: Of the head in the last step.
        loss: Mean training loss, with label smoothing and weights as the phase has them.
        figure: Mean of the task's training figure, such as the accuracy, while the weights were changing.
        score: On the validation images, after the epoch; by leave-one-out where there are none.
        seconds: Of training and validation.
        leave_one_out: Score by leave-one-out of a head that was solved in closed form.
        task: What the scores are of.
    """

    number: int
    learning_rate: float
    loss: float
    figure: float
    score: Score
    seconds: float
    leave_one_out: Score | None = None
    task: Task = TASKS[CLASSIFICATION]

    @property
    def validation(self) -> Score | None:
        """The score on validation images; None where there are none."""
        return self.score if self.score.kind == "validation" else None

    def logs(self) -> dict[str, float]:
        """What callbacks of Keras get at the end of the epoch."""
        found = {"loss": self.loss, self.task.training_figure.name: self.figure}
        for part, reached in (("val", self.validation), ("loo", self.leave_one_out)):
            if reached is not None:
                found |= {f"{part}_{name}": reached.figures[name] for name in ("loss", self.task.figure.name)}
        return {**found, "learning_rate": self.learning_rate}


class Keeper(Protocol):
    """Judges the epochs of a phase and keeps what they bring. The methods are called in this order."""

    def validate(self) -> Score:
        """Score the model on validation images; its weights are their averages, where the phase keeps such."""

    def record(self, done: Epoch) -> None:
        """Note an epoch, with the weights that were validated in the model."""

    def save(self, ended: bool) -> bool:
        """Save the state, with the weights that train in the model.

        Args:
            ended: Whether a callback ends the phase.

        Returns:
            Whether the phase is over.
        """


@dataclass(frozen=True)
class Observers:
    """Who watches the epochs.

    Args:
        model: The whole network.
        told: Hears what Keras has no event for.
        callbacks: Of Keras.
        stop: Looked at after each step.
        task: What the network tells.
    """

    model: keras.Model
    told: RunCallback
    callbacks: Sequence[keras.callbacks.Callback] = ()
    stop: Stop | None = None
    task: Task = TASKS[CLASSIFICATION]

    def view(self, trained: keras.Model) -> keras.Model:
        """Return the model that callbacks see, compiled with the optimizer, loss and metrics of the one that trains."""
        if not self.callbacks:
            return trained
        return _whole(self.model, trained.optimizer, trained.loss, self.task)


def train_phase(
    model: keras.Model,
    batches: Batches,
    rate: Any,
    epochs: range,
    observers: Observers,
    keeper: Keeper,
    *,
    first: int = 0,
    timer: keras.callbacks.Callback | None = None,
) -> None:
    """Train the epochs of a phase.

    Args:
        model: Compiled with a loss and the task's metric, trainable as the phase wants it.
        batches: To train on.
        rate: The learning rate: a schedule or a number.
        epochs: Numbers of the epochs in the phase, from 0.
        observers: Who watches.
        keeper: Judges and keeps the epochs.
        first: Number of the phase's first epoch in the run, from 0.
        timer: Times the first steps.

    Raises:
        TrainingError: The loss is not a number any more.
        Stopped: A stop was asked for. The weights have moved.
    """
    view = observers.view(model)
    last = first + epochs.stop
    monitor = StepMonitor(
        observers.told,
        lambda epoch: f"epoch {epoch - first + 1}/{epochs.stop}",
        f"lower learning_rate (now {highest(rate):g}); kerastl lr-find suggests one",
        stop=observers.stop,
    )
    ends = _EpochEnd(model, keeper, rate, first, observers.task)
    timers = [] if timer is None else [timer]
    shared = [_Attached(model)] if observers.callbacks else []
    steps = [monitor, *timers, ends, *shared, *observers.callbacks, _Keep(model, ends, keeper)]
    callbacks = keras.callbacks.CallbackList(
        steps, add_history=True, model=view, verbose=0, epochs=last, steps=batches.steps
    )
    try:
        fit(
            model,
            _epochs(batches, epochs),
            callbacks,
            epochs=last,
            steps=batches.steps,
            first_epoch=first + epochs.start,
        )
    finally:
        observers.told.end()


def tell_of_solution(done: Epoch, observers: Observers, first: int) -> None:
    """Let callbacks of Keras see a head that was solved directly as one epoch without batches.

    Args:
        done: What came of it.
        observers: Who watches.
        first: Number of the epoch in the run, from 0.
    """
    if not observers.callbacks:
        return
    view = _whole(observers.model, "sgd", observers.task.loss, observers.task)
    params = {"verbose": 0, "epochs": first + 1, "steps": 0}
    callbacks = keras.callbacks.CallbackList(list(observers.callbacks), add_history=True, model=view, **params)
    callbacks.on_train_begin()
    callbacks.on_epoch_begin(first)
    callbacks.on_epoch_end(first, done.logs())
    callbacks.on_train_end(done.logs())


def _whole(network: keras.Model, optimizer: Any, loss: Any, task: Task) -> keras.Model:
    """The whole network as callbacks see it."""
    view = keras.Model(network.inputs[0], network.outputs[0], name=network.name)
    view.compile(optimizer, loss, metrics=[training_metric(task)])
    # `fit` builds the metrics of what it trains, where callbacks look for the direction of what they monitor.
    rows = keras.ops.zeros((1, network.output_shape[-1]))
    view.compute_metrics(None, rows, rows)
    view.reset_metrics()
    return view


def highest(rate: Any) -> float:
    """Return the highest rate of a schedule, or the number that it is."""
    return float(getattr(rate, "learning_rate", rate))


def _epochs(batches: Batches, epochs: range) -> Iterator[Batch]:
    for epoch in epochs:
        yield from batches.epoch(epoch, current())


class _EpochEnd(keras.callbacks.Callback):
    """Validates after an epoch, and puts what it finds into the logs that the callbacks after it get."""

    def __init__(self, trained: keras.Model, keeper: Keeper, rate: Any, first: int, task: Task) -> None:
        super().__init__()
        self._trained = trained
        self._keeper = keeper
        self._rate = rate
        self._first = first
        self._task = task
        self._start = 0.0
        self.epoch: Epoch | None = None
        self.weights = ExitStack()  # gives back those that train

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the clock (called by Keras)."""
        self._start = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Validate (called by Keras)."""
        assert logs is not None  # noqa: S101 - `fit` gives them
        self.weights.enter_context(averaged_weights(self._trained))
        reached = self._keeper.validate()
        number = epoch - self._first + 1
        if not math.isfinite(reached.loss):
            raise DivergedError(f"the validation loss became {reached.loss} in epoch {number}: lower learning_rate")
        seconds = time.monotonic() - self._start
        figure = logs[self._task.training_figure.name]
        self.epoch = Epoch(number, self._last_rate(), logs["loss"], figure, reached, seconds, task=self._task)
        logs.update(self.epoch.logs())

    def _last_rate(self) -> float:
        """The rate of the step that was the last."""
        optimizer = self._trained.optimizer
        if isinstance(self._rate, keras.optimizers.schedules.LearningRateSchedule):
            return float(self._rate.at(int(optimizer.iterations) - 1))
        now = float(optimizer.learning_rate)  # a callback may have set it
        return float(self._rate) if now == np.float32(self._rate) else now

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Put what was validated into the last logs, too (called by Keras)."""
        if logs is not None and self.epoch is not None:
            found = self.epoch.logs()
            logs.update({name: value for name, value in found.items() if name.startswith("val_")})


class _Attached(keras.callbacks.Callback):
    """Lets callbacks look at the weights after a step: the model that they see shares those of the one that trains."""

    def __init__(self, trained: keras.Model) -> None:
        super().__init__()
        self._trained = trained

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the values in (called by Keras)."""
        attach_variables(self._trained)


class _Keep(keras.callbacks.Callback):
    """Last of all: hands on what the epoch has brought, and the wish of a callback to stop."""

    def __init__(self, trained: keras.Model, ends: _EpochEnd, keeper: Keeper) -> None:
        super().__init__()
        self._trained = trained
        self._ends = ends
        self._keeper = keeper

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """End the epoch if a callback wants it (called by Keras)."""
        if self.model.stop_training:
            self._trained.stop_training = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Keep the epoch (called by Keras)."""
        assert self._ends.epoch is not None  # noqa: S101 - it comes before this
        with self._ends.weights:
            self._keeper.record(self._ends.epoch)
        self._trained.stop_training = self._keeper.save(bool(self.model.stop_training))


def predict(model: keras.Model, inputs: Sliceable) -> np.ndarray:
    """Return probabilities for rows that may lie in a memory map.

    Args:
        model: From the boundary to probabilities.
        inputs: `(n, ...)`, any numeric type.

    Returns:
        float32 `(n, outputs)`.
    """
    group = current()
    if group.is_several:
        answer, mine = group.predict(model, PREDICTION_BATCH), group.part(len(inputs))
        parts = (
            np.asarray(inputs[start : min(start + PREDICTION_BATCH, mine.stop)], np.float32)
            for start in range(mine.start, mine.stop, PREDICTION_BATCH)
        )
        empty = np.zeros((0, model.output_shape[-1]), np.float32)
        return group.gather(np.concatenate([empty, *map(answer, parts)]))
    rows = []
    for start in range(0, len(inputs), PREDICTION_BATCH):
        part = np.asarray(inputs[start : start + PREDICTION_BATCH], np.float32)
        count = len(part)
        if count < PREDICTION_BATCH < len(inputs):  # one shape is compiled once
            part = np.concatenate([part, np.zeros((PREDICTION_BATCH - count, *part.shape[1:]), np.float32)])
        rows.append(np.asarray(model.predict_on_batch(part))[:count])
    return np.concatenate(rows)


def validation(model: keras.Model, inputs: Sliceable, labels: np.ndarray, task: Task) -> Score:
    """Score a model on rows at the boundary; arguments as in `predict` and `scores.score`."""
    return score(predict(model, inputs), labels, task=task)
