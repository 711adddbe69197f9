"""What training tells while it runs. `kerastl.training._progress` shows it to people.

Keras's own callbacks hear what `fit` has events for: epochs, batches, metrics. `RunCallback` hears what Keras has no
event for: what was decided, warnings, phases, and how far the work between the epochs is. Both go in one list.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

from kerastl.errors import UsageError

# Callbacks of Keras that would do what a run does already, and what to do instead.
_REFUSED = {
    "BackupAndRestore": "a run resumes by itself, to the bit: resume=True goes on with the run in output",
    "SwapEMAWeights": "give a phase of the recipe ema_momentum instead",
}
# Those that set the learning rate, which a schedule does not allow.
_SET_THE_RATE = ("LearningRateScheduler", "ReduceLROnPlateau")


class RunCallback:
    """Does nothing. Subclass it and override what you want to hear.

    Example:
        >>> import kerastl
        >>> from kerastl.training import RunCallback
        >>> class Losses(RunCallback):
        ...     def epoch(self, row):
        ...         print(f"epoch {row['epoch']}: {row['loss'] > 0}")
        ...
        >>> recipe = kerastl.Recipe("head", (kerastl.Phase(epochs=2),))
        >>> run = kerastl.finetune("data/shapes", "kerastl_mini", recipe, callbacks=[Losses()], verbose=0)
        epoch 1: True
        epoch 2: True
    """

    def say(self, text: str) -> None:
        """One line about what was decided or found."""

    def warn(self, text: str) -> None:
        """One line about something that went wrong and that training gets along with."""

    def phase(self, text: str) -> None:
        """One line about the phase of training that begins."""
        self.say(text)

    def begin(self, what: str, total: int) -> None:
        """A stretch of `total` steps begins: features, or an epoch."""

    def advance(self, steps: int = 1) -> None:
        """Some of them are done."""

    def end(self) -> None:
        """The stretch is over."""

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is over; `row` is its line of `history.csv`."""


class RunCallbackList(RunCallback):
    """Tells several the same, one after the other.

    Args:
        callbacks: Who they are.
    """

    def __init__(self, callbacks: Sequence[RunCallback]) -> None:
        self._callbacks = tuple(callbacks)

    def say(self, text: str) -> None:
        """See `RunCallback`, as for the others."""
        for callback in self._callbacks:
            callback.say(text)

    def warn(self, text: str) -> None:
        for callback in self._callbacks:
            callback.warn(text)

    def phase(self, text: str) -> None:
        for callback in self._callbacks:
            callback.phase(text)

    def begin(self, what: str, total: int) -> None:
        for callback in self._callbacks:
            callback.begin(what, total)

    def advance(self, steps: int = 1) -> None:
        for callback in self._callbacks:
            callback.advance(steps)

    def end(self) -> None:
        for callback in self._callbacks:
            callback.end()

    def epoch(self, row: dict[str, Any]) -> None:
        for callback in self._callbacks:
            callback.epoch(row)


def sort_callbacks(callbacks: Iterable[Any]) -> tuple[list[RunCallback], list[Any]]:
    """Tell the two kinds of callbacks apart.

    Args:
        callbacks: Each a `RunCallback` or a `keras.callbacks.Callback`; or one alone, as `fit` takes it, too.

    Returns:
        Those of kerastl, and those of Keras.

    Raises:
        UsageError: One is neither, or would do what the run does already.
    """
    ours: list[RunCallback] = []
    theirs: list[Any] = []
    keras = sys.modules.get("keras")  # whoever has a callback of Keras has imported it
    for callback in callbacks if isinstance(callbacks, Iterable) else [callbacks]:
        if isinstance(callback, RunCallback):
            ours.append(callback)
        elif keras is not None and isinstance(callback, keras.callbacks.Callback):
            theirs.append(callback)
        else:
            raise UsageError(
                "callbacks must be a list of keras.callbacks.Callback and kerastl.training.RunCallback objects. "
                f"Received: {callback!r}"
            )
    for name, instead in _REFUSED.items():
        if _any_is(theirs, name):
            raise UsageError(f"keras.callbacks.{name} does not fit here: {instead}")
    return ours, theirs


def setting_the_rate(callbacks: Sequence[Any]) -> str | None:
    """Return the name of a callback of Keras that sets the learning rate, if there is one."""
    return next((name for name in _SET_THE_RATE if _any_is(callbacks, name)), None)


def _any_is(callbacks: Sequence[Any], name: str) -> bool:
    return any(isinstance(callback, getattr(sys.modules["keras"].callbacks, name)) for callback in callbacks)
