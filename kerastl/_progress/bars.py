"""Stages as bars at the bottom of a terminal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import IO, TYPE_CHECKING, cast

from kerastl._base import stderr
from kerastl._base.text import brief, message
from kerastl._progress.lines import PATIENCE, Nothing, Shown

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

importing = threading.Lock()
"""Held while Keras or rich is imported: Keras imports rich, and two threads would find it half imported."""


def bars_possible() -> bool:
    """Whether rich is installed, which draws them; `kerastl-runtime` does without, and tells lines."""
    return find_spec("rich") is not None


class Bars(Nothing):
    """Shows each stage that has taken a second as a bar, or as a spinner where nobody knows how long it is.

    Bars vanish with their stages; lines go above them.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__(write)
        self._imported = False
        self._bars: Progress | None = None
        self._tasks: dict[int, TaskID] = {}

    @property
    def visible(self) -> bool:
        """Whether there is a bar on the terminal."""
        return self._bars is not None

    def ready(self) -> None:
        """Import what bars take, so that a bar can be shown while Keras is imported."""
        with importing:
            import rich.progress  # noqa: F401
        self._imported = True

    def line(self, text: str) -> None:
        """Write a line, whatever names it holds; above the bars."""
        if self._bars is None:
            super().line(text)
        else:
            self.above(message(text) + "\n")

    def above(self, text: str) -> None:
        """Write a text as it is above the bars that are visible."""
        assert self._bars is not None  # noqa: S101 - as the docstring says
        self._bars.console.print(text, end="", markup=False, highlight=False, emoji=False, soft_wrap=True)

    def tick(self, stages: Sequence[Shown]) -> None:
        """Show how far the stages are."""
        shown = [stage for stage in stages if stage.seconds >= PATIENCE]
        if shown and not self._imported and importing.acquire(blocking=False):
            importing.release()
            self.ready()
        if shown and self._bars is None and self._imported:
            self._bars = _started()
        if self._bars is None:
            return
        for stage in shown:
            if id(stage) not in self._tasks:
                self._tasks[id(stage)] = self._bars.add_task(brief(stage.what), total=stage.total, counted="")
                self._bars.tasks[-1].start_time = self._bars.get_time() - stage.seconds
            counted = f"{stage.done:,}" if stage.done else ""
            if stage.total:
                counted = f"{stage.done:,}/{stage.total:,}"
            task = self._tasks[id(stage)]
            self._bars.update(
                task, description=brief(stage.what), completed=stage.done, total=stage.total, counted=counted
            )
        self._bars.refresh()

    def ended(self, stage: Shown, left: Sequence[Shown], finished: bool) -> None:
        """Remove its bar."""
        task = self._tasks.pop(id(stage), None)
        if self._bars is None or task is None:
            return
        self._bars.remove_task(task)
        if not self._tasks:
            self._bars.stop()
            self._bars = None


def _started() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        TextColumn("{task.fields[counted]}", markup=False),
        TimeElapsedColumn(),
    )
    console = Console(file=cast("IO[str]", stderr.Stream()), force_terminal=True)
    bars = Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False)
    bars.start()
    return bars
