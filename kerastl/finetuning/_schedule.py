"""A callback that follows the course of the learning rate inside a phase."""

from __future__ import annotations

from typing import Any

import keras

from kerastl.training._schedules import Shape, rate_at


class LearningRateCourse(keras.callbacks.Callback):
    """Set the optimizer's learning rate before each step, for any Keras model.

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
