"""Stages of work, and the one who tells of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import TracebackType
from typing import Literal, TextIO

from kerastl._base import stderr
from kerastl._progress.bars import Bars, bars_possible
from kerastl._progress.lines import PATIENCE, Lines, Nothing, duration, in_notebook, write_output
from kerastl.errors import UsageError

Verbose = Literal["auto", 0, 1, 2]

CountCallback = Callable[[int, int], None]
"""Told how many are done and how many there are, inside kerastl."""
ProgressCallback = Callable[[str, int, int | None], None]
"""Called with what is being done, how many steps of it are done, and how many there are if that is known."""

_TICK = 0.25  # seconds between looks at the stages


class Stage:
    """Work that takes a while: a context manager that `stage` and `Reporter.stage` make.

    Args:
        reporter: Tells of it.
        what: What is done or counted, as a line begins.
        total: How many steps there are, if known.
        brief: Whether its end is told elsewhere.
        patience: After how many seconds lines begin to tell of it; None is a second.
    """

    def __init__(
        self,
        reporter: Reporter,
        what: str,
        total: int | None = None,
        brief: bool = False,
        patience: float | None = None,
    ) -> None:
        self._reporter = reporter
        self.what = what
        self.total = total
        self.brief = brief
        self.patience = PATIENCE if patience is None else patience
        self.done = 0
        self.started = time.monotonic()
        self.told: float | None = None  # when the last line about it was written
        self.told_done = 0

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started

    def update(self, done: int, total: int | None = None) -> None:
        """Say that `done` steps are done, of `total` if that is known by now."""
        self.done = done
        self.total = self.total if total is None else total

    def advance(self, steps: int = 1) -> None:
        """Say that more steps are done."""
        self.done += steps

    def __enter__(self) -> Stage:
        self._reporter.begin(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reporter.end(self, finished=kind is None)


class Reporter:
    """Tells people what is done; threads may share one.

    On a terminal stages show as bars that vanish. Elsewhere a stage that takes a second is a line when it begins, a
    line now and then, and one when it ends. In a notebook the lines go below the cell, else to standard error. That
    nobody reads them any more is no error.

    Args:
        verbose: 0 tells warnings only; 1 has bars where there is a terminal; 2 has lines everywhere; `auto` is 1, as
            in Keras.
        detail: Whether `detail` is told, too.

    Raises:
        UsageError: `verbose` is something else.
    """

    def __init__(self, verbose: Verbose = "auto", *, detail: bool = False) -> None:
        if verbose not in ("auto", 0, 1, 2):
            raise UsageError(f"verbose must be 'auto', 0, 1 or 2. Received: {verbose!r}")
        self._quiet = verbose == 0
        self._detail = detail
        notebook = in_notebook()
        write = write_output if notebook else stderr.write
        self._show: Nothing | Lines | Bars
        if self._quiet:
            self._show = Nothing(write)
        elif verbose != 2 and not notebook and stderr.is_terminal() and bars_possible():
            self._show = Bars(write)
        else:
            self._show = Lines(write)
        self._lock = threading.RLock()
        self._stages: list[Stage] = []
        self._clock: threading.Thread | None = None

    @property
    def has_bars(self) -> bool:
        """Whether stages show as bars on a terminal."""
        return isinstance(self._show, Bars)

    @property
    def level(self) -> int:
        """0 where warnings are told only, 2 where details are told, too; else 1."""
        return 0 if self._quiet else 1 + self._detail

    def say(self, text: str) -> None:
        """One line about what was decided or found."""
        if not self._quiet:
            self.complain(text)

    def detail(self, text: str) -> None:
        """One line for those who asked for more of them."""
        if self._detail:
            self.say(text)

    def complain(self, text: str) -> None:
        """One line that is told always."""
        with self._lock:
            self._show.line(text)

    def warn(self, text: str) -> None:
        """One line about something that went wrong and that work goes on in spite of; told always."""
        self.complain(f"warning: {text}")

    def write(self, stream: TextIO, text: str) -> None:
        """Write results to a stream; above the bars where both are on the terminal."""
        if not text:
            return
        with self._lock:
            if isinstance(self._show, Bars) and self._show.visible and stream.isatty():
                self._show.above(text)
            else:
                stream.write(text)
                stream.flush()

    def ready(self) -> None:
        """Get ready to tell of stages while Keras is imported."""
        self._show.ready()

    def stage(
        self, what: str, total: int | None = None, *, brief: bool = False, patience: float | None = None
    ) -> Stage:
        """Work that takes a while, to be used as a context manager; arguments as for `Stage`."""
        return Stage(self, what, total, brief, patience)

    def begin(self, stage: Stage) -> None:
        """Take a stage up; `Stage` calls it."""
        if self._quiet:
            return
        with self._lock:
            stage.started = time.monotonic()
            self._stages.append(stage)
            if self._clock is None:
                self._clock = threading.Thread(target=self._watch, name="kerastl-progress", daemon=True)
                self._clock.start()

    def end(self, stage: Stage, *, finished: bool) -> None:
        """Leave a stage behind; `Stage` calls it."""
        with self._lock:
            if stage in self._stages:
                self._stages.remove(stage)
            self._show.ended(stage, self._stages, finished)
        if finished and stage.told is None and stage.seconds >= 0.05 and not stage.brief:
            self.detail(f"{stage.what}: {duration(stage.seconds)}")

    def _watch(self) -> None:
        """Look at the stages again and again, while there are any."""
        while True:
            time.sleep(_TICK)
            with self._lock:
                if not self._stages:
                    self._clock = None
                    return
                self._show.tick(self._stages)


class _Current:
    """Who tells of stages now; one for all threads, since a stage may begin in any."""

    reporter: Reporter | None = None


def chosen() -> Reporter | None:
    """The reporter that `reporting` has set, if there is one."""
    return _Current.reporter


def current() -> Reporter:
    """The reporter that `reporting` has set; without one, one for people who look on, if there are any."""
    if _Current.reporter is not None:
        return _Current.reporter
    return _default("auto" if in_notebook() or stderr.is_terminal() else 0)


@lru_cache
def _default(verbose: Verbose) -> Reporter:
    return Reporter(verbose)


@contextmanager
def reporting(reporter: Reporter) -> Iterator[Reporter]:
    """Have this reporter tell of all stages that begin while the block runs."""
    before, _Current.reporter = _Current.reporter, reporter
    try:
        yield reporter
    finally:
        _Current.reporter = before


@contextmanager
def shown(verbose: Verbose) -> Iterator[None]:
    """Have the stages of the block told of as a caller wants it; `auto` leaves it as it is."""
    if verbose == "auto":
        yield
        return
    with reporting(Reporter(verbose)):
        yield


def stage(what: str, total: int | None = None) -> Stage:
    """A stage of whoever tells of them now; arguments as for `Stage`."""
    return current().stage(what, total)
