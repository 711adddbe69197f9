"""What training tells while it runs. `kerastl.training._progress` shows it to people."""

from __future__ import annotations

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
