"""What training tells while it runs. `kerastl.training._progress` shows it to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class RunCallback:
    """Does nothing. Subclass it and override what you want to hear."""

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
