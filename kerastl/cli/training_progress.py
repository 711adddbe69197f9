"""Shows training on standard error: what was decided always, bars and epochs on a terminal only."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any

from kerastl.cli.progress import Counter
from kerastl.runs.listener import Listener
from kerastl.text import message


class TrainingProgress(Listener):
    """A listener for people."""

    def __init__(self) -> None:
        self._bar: Counter | None = None
        self._done = 0
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> TrainingProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def say(self, text: str) -> None:
        """Write a line."""
        if self._bar is not None:
            self._bar.complain(text)
        else:
            sys.stderr.write(message(text) + "\n")

    def warn(self, text: str) -> None:
        """Write a line that is marked as a warning."""
        self.say(f"warning: {text}")

    def begin(self, what: str, total: int) -> None:
        """Show a bar."""
        self.end()
        self._bar, self._done = Counter(what, total), 0
        self._bar.__enter__()

    def advance(self, steps: int = 1) -> None:
        """Move the bar."""
        self._done += steps
        if self._bar is not None:
            self._bar.update(self._done)

    def end(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None

    def epoch(self, row: dict[str, Any]) -> None:
        """Write an epoch's line."""
        if self._terminal:
            self.say(
                f"  epoch {row['epoch']}: loss {row['loss']:.4f}, accuracy {row['accuracy']:.1%}, "
                f"validation loss {row['val_loss']:.4f}, accuracy {row['val_accuracy']:.1%} ({row['seconds']:.1f} s)"
            )


class PreTrainingProgress(TrainingProgress):
    """The same for pre-training, whose epochs have other figures."""

    def epoch(self, row: dict[str, Any]) -> None:
        """Write an epoch's line."""
        if self._terminal:
            known = "" if row["knn_accuracy"] is None else f", neighbours right {row['knn_accuracy']:.1%}"
            self.say(
                f"  epoch {row['epoch']}: loss {row['loss']:.4f}{known}, spread {row['spread']:.2f}, "
                f"rank {row['rank']:.1f} ({row['seconds']:.1f} s)"
            )
