"""`model.fit` on batches that a run makes, with what every run watches: the loss, a wish to stop, the progress."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import keras

from kerastl.data._fixed_batches import fixed_batches
from kerastl.errors import TrainingError
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Stop
from kerastl.training._process_group import current


class DivergedError(TrainingError):
    """The loss is not a number any more."""


def fit(
    model: keras.Model,
    batches: Any,
    callbacks: keras.callbacks.CallbackList,
    *,
    epochs: int,
    steps: int,
    first_epoch: int = 0,
) -> None:
    """Run `model.fit`.

    Args:
        model: Compiled.
        batches: Over all epochs, what `train_on_batch` takes: a `tf.data.Dataset`, or an iterator, of which the first
            batch decides about the size of all.
        callbacks: Called as `fit` calls them, with the model that the list holds.
        epochs: Number of the epoch to end before.
        steps: Batches an epoch.
        first_epoch: Number of the first.

    Raises:
        Exception: Whatever the batches or the callbacks raise.
    """
    guard = _Guard(batches) if isinstance(batches, Iterator) else None
    model.history = keras.callbacks.History()  # what `fit` returns; a list of callbacks made before has none
    try:
        with current().training(model):
            model.fit(
                batches if guard is None else fixed_batches(guard.batches()),
                epochs=epochs,
                initial_epoch=first_epoch,
                steps_per_epoch=steps,
                shuffle=False,
                verbose=0,
                callbacks=callbacks,
            )
    except Exception as error:
        # What a generator raises comes through TensorFlow as an error of its own.
        if guard is not None and guard.failure is not None and type(error).__module__.startswith("tensorflow"):
            raise guard.failure from None
        raise
    finally:
        if guard is not None:
            guard.over = True


class _Guard:
    """Batches that are made in another thread: keeps what they raise, and ends them with `fit`."""

    def __init__(self, source: Iterator[Any]) -> None:
        self._source = source
        self.failure: Exception | None = None
        self.over = False

    def batches(self) -> Iterator[tuple[Any, ...]]:
        try:
            for batch in self._source:
                if self.over:
                    return
                yield tuple(batch)
        except Exception as error:
            self.failure = error
            raise


class StepMonitor(keras.callbacks.Callback):
    """Shows how far an epoch is, refuses a loss that is not a number, and stops between two batches.

    Args:
        told: Hears of each epoch and step.
        title: Given the number of an epoch as `fit` counts it: what it is called.
        advice: What to do where the loss is not a number.
        stop: Looked at after each step.
        done: Steps of the first epoch that were done before.
    """

    def __init__(
        self,
        told: RunCallback,
        title: Callable[[int], str],
        advice: str,
        *,
        stop: Stop | None = None,
        done: int = 0,
    ) -> None:
        super().__init__()
        self._told = told
        self._title = title
        self._advice = advice
        self._stop = stop
        self._done = done
        self._name = ""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the epoch (called by Keras)."""
        self._name = self._title(epoch)
        self._told.begin(self._name, self.params["steps"] + self._done)
        if self._done:
            self._told.advance(self._done)
            self._done = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the loss, show the step, and stop if that was asked for (called by Keras)."""
        loss = (logs or {})["loss"]
        if not math.isfinite(loss):
            raise DivergedError(f"the loss became {loss} in {self._name.split('/')[0]}: {self._advice}")
        self._told.advance()
        if self._stop is not None:
            self._stop.check()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Show the epoch no more (called by Keras)."""
        self._told.end()
