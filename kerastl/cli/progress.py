"""Progress on a terminal; nothing in a pipe."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

from kerastl.text import brief, message

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

# Shorter work needs no bar, and should not pay for the import of one.
_PATIENCE = 1.0


class Counter:
    """Counts done work on the standard error's terminal, once it has taken a second.

    Args:
        what: What is counted, in the plural.
        total: How many there will be, if known.
        shown: `False` keeps quiet.
    """

    def __init__(self, what: str, total: int | None = None, shown: bool = True) -> None:
        self._what = what
        self._total = total
        self._shown = shown and sys.stderr.isatty()
        self._start = time.monotonic()
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Counter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, done: int, total: int | None = None) -> None:
        """Say that `done` are done, of `total` if that is known by now."""
        if not self._shown or time.monotonic() - self._start < _PATIENCE:
            return
        if self._bar is None:
            self._bar = self._make()
            self._task = self._bar.add_task(brief(self._what), total=self._total)
        assert self._task is not None  # noqa: S101 - made with the bar
        self._bar.update(self._task, completed=done, total=total or self._total)

    def stage(self, what: str, done: int, total: int) -> None:
        """Say how far a stage of the work is, and call it by its name."""
        self.update(done, total)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=brief(what))

    def megabytes(self, _: str, received: int, total: int | None) -> None:
        """Say how far a download is, in bytes."""
        self.update(received >> 20, None if total is None else total >> 20)

    def write(self, stream: TextIO, text: str) -> None:
        """Write `text` to `stream`; above the bar, where both are on the terminal."""
        if self._bar is not None and stream.isatty():
            self._bar.console.print(text, end="", markup=False, highlight=False, emoji=False, soft_wrap=True)
        elif text:
            stream.write(text)
            stream.flush()

    def complain(self, text: str) -> None:
        """Write a line to standard error, above the bar if there is one."""
        written = message(text)
        if self._bar is not None:
            self._bar.console.print(written, markup=False, highlight=False, emoji=False, soft_wrap=True)
        else:
            sys.stderr.write(written + "\n")

    @staticmethod
    def _make() -> Progress:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
        )

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        bar = Progress(*columns, console=Console(stderr=True), transient=True)
        bar.start()
        return bar
