"""What training tells while it runs. The command line shows it; by default nobody listens."""

from __future__ import annotations

from typing import Any


class Listener:
    """Does nothing. Subclass it and override what you want to hear."""

    def say(self, text: str) -> None:
        """One line about what was decided or found."""

    def warn(self, text: str) -> None:
        """One line about something that went wrong and that training gets along with."""

    def begin(self, what: str, total: int) -> None:
        """A stretch of `total` steps begins: features, or an epoch."""

    def advance(self, steps: int = 1) -> None:
        """Some of them are done."""

    def end(self) -> None:
        """The stretch is over."""

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is over; `row` is its line of `history.csv`."""
