"""Standard error for our own words, while what other code has to say is kept from it for a time."""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

_silencing = threading.Lock()
_writing = threading.Lock()


class SharedChange:
    """A change to the whole process that lasts while any thread wants it.

    Args:
        begin: Makes it; called by each thread that comes.
        end: Takes it back; called when the last one has gone.
    """

    def __init__(self, begin: Callable[[], None], end: Callable[[], None]) -> None:
        self._begin, self._end = begin, end
        self._lock = threading.Lock()
        self._users = 0

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have the change made while the block runs."""
        with self._lock:
            self._begin()
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if not self._users:
                    self._end()


class _Kept:
    """Where file descriptor 2 went before it was silenced."""

    stream: TextIO | None = None


@contextmanager
def native_stderr_silenced() -> Iterator[None]:
    """Send what is written to file descriptor 2 nowhere while the block runs, except through `write`.

    LiteRT and TensorFlow greet their users on it, and no setting of theirs stops that. Python's own errors are
    exceptions and pass through. Nothing happens where there is no such descriptor.
    """
    with _silencing:
        try:
            sys.stderr.flush()
            saved = os.dup(2)
        except (AttributeError, OSError, ValueError):
            yield
            return
        try:
            with _writing:
                _Kept.stream = os.fdopen(os.dup(saved), "w", encoding=sys.stderr.encoding, errors=sys.stderr.errors)
                with Path(os.devnull).open("wb") as nowhere:
                    os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            with _writing:
                os.dup2(saved, 2)
                os.close(saved)
                kept, _Kept.stream = _Kept.stream, None
                if kept is not None:
                    with suppress(OSError):
                        kept.close()


def write(text: str) -> None:
    """Write to standard error; that nobody reads it any more, or that there is none, is no error."""
    with _writing, suppress(OSError, ValueError):
        stream = _Kept.stream if _Kept.stream is not None and _is_descriptor_2() else sys.stderr
        if stream is not None:
            stream.write(text)
            stream.flush()


def is_terminal() -> bool:
    """Whether standard error is a terminal."""
    try:
        return sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is none, or it was closed
        return False


def _is_descriptor_2() -> bool:
    """Whether `sys.stderr` is what was silenced; in a notebook or a test it may be something else."""
    try:
        return sys.stderr.fileno() == 2
    except (AttributeError, OSError, ValueError):
        return False


class Stream(io.TextIOBase):
    """`write` as a stream, for those who want one."""

    def write(self, text: str) -> int:
        """See `write`."""
        write(text)
        return len(text)

    def isatty(self) -> bool:
        """See `is_terminal`."""
        return is_terminal()

    def fileno(self) -> int:
        """The descriptor that tells how wide the terminal is."""
        return sys.stderr.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of standard error."""
        return getattr(sys.stderr, "encoding", None) or "utf-8"
