"""Ctrl-C once asks training to stop at the next safe place; twice stops at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from kerastl.errors import TrainingError


class Stop:
    """A flag that training looks at between batches."""

    def __init__(self) -> None:
        self.requested = False

    def check(self) -> None:
        """Raise `Stopped` when a stop was asked for."""
        if self.requested:
            raise Stopped


class Interrupted(TrainingError):  # noqa: N818 - a request, not an error
    """Training ended early because somebody asked for it; the message says what is left."""

    exit_code = 130


class Stopped(Exception):  # noqa: N818 - a request, not an error
    """Training was asked to stop; raised at a place where nothing is lost."""


@contextmanager
def stop_on_interrupt(stop: Stop) -> Iterator[None]:
    """Let the first Ctrl-C set `stop`; the second raises `KeyboardInterrupt` as usual.

    Outside the main thread, where Python takes no signals, this does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.getsignal(signal.SIGINT)

    def first(number: int, frame: FrameType | None) -> None:
        stop.requested = True
        signal.signal(signal.SIGINT, previous if callable(previous) else signal.default_int_handler)

    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
