"""Epochs of one phase, on a compiled Keras model."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import keras
import numpy as np

from kerastl.errors import TrainingError
from kerastl.finetuning._batches import Feed
from kerastl.finetuning._recipe import Phase
from kerastl.finetuning._scores import Score, score
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Stop
from kerastl.training._schedules import rate_at

_PREDICTION_BATCH = 64


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
        accuracy: Mean training accuracy while the weights were changing.
        score: On the validation images, after the epoch.
        seconds: Of training and validation.
    """

    number: int
    learning_rate: float
    loss: float
    accuracy: float
    score: Score
    seconds: float


def train_epoch(
    model: keras.Model,
    feed: Feed,
    phase: Phase,
    number: int,
    validate: Callable[[], Score],
    *,
    callback: RunCallback | None = None,
    stop: Stop | None = None,
) -> Epoch:
    """Train one epoch and validate.

    Args:
        model: Compiled with a loss and the metric `accuracy`, trainable as the phase wants it.
        feed: Gives the batches of an epoch.
        phase: For the course of the learning rate.
        number: Of the epoch in the phase, from 0.
        validate: Scores the model.
        callback: Hears each step.
        stop: Looked at after each step.

    Raises:
        TrainingError: The loss is not a number any more.
        Stopped: `stop` asked for it. The weights have moved.
    """
    callback = callback or RunCallback()
    start = time.monotonic()
    steps = phase.epochs * feed.steps
    rate, seen, loss, right = 0.0, 0, 0.0, 0.0
    callback.begin(f"epoch {number + 1}/{phase.epochs}", feed.steps)
    try:
        for step, batch in enumerate(feed.batches(number), number * feed.steps):
            share = rate_at(min(step, steps - 1), steps, phase.shape, phase.warmup * feed.steps)
            rate = phase.learning_rate * share
            model.optimizer.learning_rate = rate
            model.reset_metrics()  # Keras before 3.13 goes on with the means of the batches before
            logs = model.train_on_batch(batch.inputs, batch.targets, batch.weights, return_dict=True)
            if not math.isfinite(logs["loss"]):
                raise TrainingError(
                    f"the loss became {logs['loss']} in epoch {number + 1}: lower learning_rate "
                    f"(now {phase.learning_rate:g}); kerastl lr-find suggests one"
                )
            seen += len(batch.inputs)
            loss += logs["loss"] * len(batch.inputs)
            right += logs["accuracy"] * len(batch.inputs)
            callback.advance()
            if stop is not None:
                stop.check()
    finally:
        callback.end()
    reached = validate()
    if not math.isfinite(reached.loss):
        raise TrainingError(f"the validation loss became {reached.loss} in epoch {number + 1}: lower learning_rate")
    seconds = time.monotonic() - start
    return Epoch(number + 1, rate, float(loss / seen), float(right / seen), reached, seconds)


def compile_for(model: keras.Model, phase: Phase, optimizer: keras.optimizers.Optimizer) -> None:
    """Compile a model for a phase: cross entropy with its label smoothing, and accuracy."""
    model.compile(
        optimizer=optimizer,
        loss=keras.losses.CategoricalCrossentropy(label_smoothing=phase.label_smoothing),
        metrics=[keras.metrics.CategoricalAccuracy(name="accuracy")],
    )


def predict(model: keras.Model, inputs: Sliceable) -> np.ndarray:
    """Return probabilities for rows that may lie in a memory map.

    Args:
        model: From the boundary to probabilities.
        inputs: `(n, ...)`, any numeric type.

    Returns:
        float32 `(n, classes)`.
    """
    rows = []
    for start in range(0, len(inputs), _PREDICTION_BATCH):
        part = np.asarray(inputs[start : start + _PREDICTION_BATCH], np.float32)
        count = len(part)
        if count < _PREDICTION_BATCH < len(inputs):  # one shape is compiled once
            part = np.concatenate([part, np.zeros((_PREDICTION_BATCH - count, *part.shape[1:]), np.float32)])
        rows.append(np.asarray(model.predict_on_batch(part))[:count])
    return np.concatenate(rows)


def validation(model: keras.Model, inputs: Sliceable, labels: np.ndarray) -> Score:
    """Score a model on rows at the boundary; arguments as in `predict` and `scores.score`."""
    return score(predict(model, inputs), labels)
