"""Standard output and standard error: how they encode, and what happens when they cannot be written.

On a terminal they speak its encoding, and escape what it does not have. In a file or a pipe they are UTF-8 everywhere,
and bytes of file names go out as they came in. Standard error never raises: training does not end because nobody
listens. Nor does standard output when its reader has gone (`| head`); when it is closed, or the disk is full, it raises
an `OSError` that names it.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from kerastl._base.text import ANY_NAME

OUTPUT = "standard output"


def prepare() -> None:
    """Make the streams of this process what the module says; called once, before anything is written."""
    closed = [number for number in (0, 1, 2) if not _is_open(number)]
    for _ in closed:
        # The next file that is opened would get its number, and what libraries say would go into it.
        os.open(os.devnull, os.O_RDWR)
    if sys.stderr is not None:
        sys.stderr = _around(sys.stderr, _Forgiving)
    else:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 - lives as long as the process
    if sys.stdout is not None:
        sys.stdout = _around(sys.stdout, _Output)
    else:
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(_Closed()), encoding="utf-8", errors=ANY_NAME)
    settle()


def settle() -> None:
    """Set encodings and error handlers of the streams as they are now."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            if stream.isatty():
                stream.reconfigure(errors="backslashreplace")
            else:
                stream.reconfigure(encoding="utf-8", errors=ANY_NAME, newline="\n")


@contextlib.contextmanager
def ended_with_their_reader() -> Iterator[None]:
    """End the block in silence when the reader of standard output has gone: for results that come one by one."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Output):
        raw.tells = True
    try:
        yield
    finally:
        if isinstance(raw, _Output):
            raw.tells = False


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _around(stream: TextIO, kind: type[_Raw]) -> TextIO:
    """A stream over the same file whose errors are dealt with; streams that are no files stay as they are."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if not isinstance(raw, io.RawIOBase) or isinstance(raw, _Raw):
        return stream
    stream.flush()
    return io.TextIOWrapper(
        io.BufferedWriter(kind(raw)),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=kind is _Forgiving or stream.isatty(),
    )


class _Raw(io.RawIOBase):
    """Bytes to a file that was opened by somebody else, and stays open."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw
        self._gone = False

    def writable(self) -> bool:
        return True

    def isatty(self) -> bool:
        return self._raw.isatty()

    def fileno(self) -> int:
        return self._raw.fileno()

    def write(self, content: Any) -> int | None:
        size = len(content)
        if self._gone:
            return size
        try:
            return self._raw.write(content)
        except OSError as error:
            self._failed(error)
            return size

    def _failed(self, error: OSError) -> None:
        raise NotImplementedError


class _Forgiving(_Raw):
    """Standard error: what cannot be written is lost."""

    def _failed(self, error: OSError) -> None:
        self._gone = True


class _Output(_Raw):
    """Standard output."""

    tells = False

    def _failed(self, error: OSError) -> None:
        self._gone = True  # what is still in buffers must not fail a second time
        if error.errno not in (errno.EPIPE, errno.EINVAL) or self.tells:
            raise type(error)(error.errno, error.strerror, OUTPUT)


class _Closed(io.RawIOBase):
    """Standard output that was closed before the process began."""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int | None:
        raise OSError(errno.EBADF, "it is closed", OUTPUT)
