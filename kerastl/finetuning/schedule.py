"""The course of the learning rate inside a phase, and the callback that follows it."""

from __future__ import annotations

import math
from typing import Any

import keras

from kerastl.finetuning.recipe import Shape

ONE_CYCLE_START = 1 / 25
ONE_CYCLE_END = 1e-5
ONE_CYCLE_RISE = 0.25


def rate_at(step: int, steps: int, shape: Shape, warmup_steps: float = 0.0) -> float:
    """Return the share of the highest learning rate for one step.

    Args:
        step: Number of the step in the phase, from 0.
        steps: All steps of the phase, at least 1.
        shape: `constant`: 1. `cosine`: half a cosine from 1 to 0 (Loshchilov and Hutter 2017, equation 5).
            `one_cycle`: cosine from 1/25 up to 1 in the first quarter, then down to 1e-5 (Smith 2018, with
            fastai's numbers).
        warmup_steps: The first steps, in which the share climbs in a line, and which the other shapes leave
            to it. Not used by `one_cycle`.

    Returns:
        In (0, 1].
    """
    if shape == "one_cycle":
        rise = ONE_CYCLE_RISE * steps
        if step < rise:
            return _cosine(ONE_CYCLE_START, 1.0, step / rise)
        return _cosine(1.0, ONE_CYCLE_END, (step - rise) / (steps - rise))
    if step < warmup_steps:
        return (step + 1) / (math.floor(warmup_steps) + 1)
    if shape == "cosine":
        return _cosine(1.0, 0.0, (step - warmup_steps) / (steps - warmup_steps))
    return 1.0


def _cosine(start: float, end: float, share: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class LearningRateCourse(keras.callbacks.Callback):
    """Set the optimiser's learning rate before each step, for any Keras model.

    Args:
        highest: Learning rate where the share is 1.
        epochs: Of the whole phase.
        steps_per_epoch: Batches an epoch.
        shape: As in `rate_at`.
        warmup: Epochs of warm-up, whole or not.
        first_epoch: Number of the epoch that the next `fit` starts with, from 0.
    """

    def __init__(
        self,
        highest: float,
        epochs: int,
        steps_per_epoch: int,
        shape: Shape = "constant",
        warmup: float = 0.0,
        first_epoch: int = 0,
    ) -> None:
        super().__init__()
        self._highest = highest
        self._steps = epochs * steps_per_epoch
        self._shape: Shape = shape
        self._warmup_steps = warmup * steps_per_epoch
        self._next = first_epoch * steps_per_epoch

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Set the rate (called by Keras)."""
        share = rate_at(min(self._next, self._steps - 1), self._steps, self._shape, self._warmup_steps)
        self.model.optimizer.learning_rate = self._highest * share
        self._next += 1
