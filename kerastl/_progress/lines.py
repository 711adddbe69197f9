"""Stages as plain lines, for logs, pipes, batch systems and notebooks."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

from kerastl._base.text import message


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this process; nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None and hasattr(ipython, "get_ipython") else None
    return shell is not None and hasattr(shell, "kernel")


def write_output(text: str) -> None:
    """Write below the cell; standard error would be on red there."""
    with suppress(OSError, ValueError):
        sys.stdout.write(text)
        sys.stdout.flush()


# A stage that is over sooner is not worth a line; and one line in so many seconds is enough.
PATIENCE = 1.0
_EVERY = 10.0
# In long stages a line for each tenth of the work, and one a minute in any case.
_SHARE = 0.1
_AT_LEAST_EVERY = 60.0


class Shown(Protocol):
    """What is shown of a stage; `kerastl._progress.Stage` has it."""

    what: str
    total: int | None
    done: int
    brief: bool
    patience: float
    told: float | None
    told_done: int

    @property
    def seconds(self) -> float:
        """How long it has taken."""


class Nothing:
    """Shows no stage; lines are written.

    Args:
        write: Takes text.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def ready(self) -> None:
        """Do what could not be done while Keras is imported."""

    def line(self, text: str) -> None:
        """Write a line, whatever names it holds."""
        self._write(message(text) + "\n")

    def tick(self, stages: Sequence[Shown]) -> None:
        """Show how far the stages are."""

    def ended(self, stage: Shown, left: Sequence[Shown], finished: bool) -> None:
        """Show that a stage is over."""


class Lines(Nothing):
    """Shows a stage as a line when it has taken a second, lines now and then, and one when it ends."""

    def tick(self, stages: Sequence[Shown]) -> None:
        """Write the lines that are due."""
        for stage in stages:
            seconds = stage.seconds
            if stage.told is None:
                if seconds >= stage.patience:
                    late = stage.patience > PATIENCE
                    self._tell(stage, f"{stage.what}: {_reached(stage)}" if late else f"{stage.what} ...")
            elif self._due(stage, seconds - stage.told):
                self._tell(stage, f"{stage.what}: {_reached(stage)}")

    @staticmethod
    def _due(stage: Shown, waited: float) -> bool:
        if waited < _EVERY:
            return False
        if not stage.total:
            return waited >= min(stage.seconds / 3, _AT_LEAST_EVERY)
        return waited >= _AT_LEAST_EVERY or stage.done - stage.told_done >= _SHARE * stage.total

    def _tell(self, stage: Shown, text: str) -> None:
        stage.told, stage.told_done = stage.seconds, stage.done
        self.line(text)

    def ended(self, stage: Shown, left: Sequence[Shown], finished: bool) -> None:
        """Write how long it took, where its beginning was told."""
        if finished and stage.told is not None and not stage.brief:
            counted = f"{stage.done:,} in " if stage.done else "done in "
            self.line(f"{stage.what}: {counted}{duration(stage.seconds)}")


def _reached(stage: Shown) -> str:
    """How far a stage is: `120 of 500 (24 %), 10 s`."""
    seconds = duration(stage.seconds)
    if not stage.done:
        return seconds
    if not stage.total:
        return f"{stage.done:,}, {seconds}"
    return f"{stage.done:,} of {stage.total:,} ({100 * stage.done // stage.total} %), {seconds}"


def duration(seconds: float) -> str:
    """Seconds for people: `9.8 s`, `75 s`, `12 min`, `2 h 05 min`."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 299.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
