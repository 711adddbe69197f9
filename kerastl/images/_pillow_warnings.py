"""Pillow's warnings are silenced while this thread decodes, and only then.

`warnings.catch_warnings` swaps the filters of the whole process: used by several threads at once, it leaves them
swapped for good. Here one filter goes in once, for a category that covers all warnings, but in decoding threads only.
"""

from __future__ import annotations

import functools
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import PIL

# Without a handler, what Pillow logs about odd files reaches stderr in programs that set up no logging.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class _Thread(threading.local):
    depth = 0


_thread = _Thread()


class _InThisThread(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        return _thread.depth > 0


class _WhileDecodingWarning(Warning, metaclass=_InThisThread):
    """To `warnings`, which asks `issubclass`, every warning of a thread that decodes is one of these."""


@contextmanager
def silenced() -> Iterator[None]:
    """Ignore the warnings of this thread inside the block."""
    # Filters that came later stand in front and would win, `-W error` of a test run among them.
    if not warnings.filters or warnings.filters[0][2] is not _WhileDecodingWarning:
        warnings.simplefilter("ignore", _WhileDecodingWarning)
    _thread.depth += 1
    try:
        yield
    finally:
        _thread.depth -= 1


@functools.cache
def silence_libtiff() -> None:
    """Stop libtiff from writing to standard error what Pillow raises as an exception, or gets over, anyway.

    Pillow has no switch for this. Its wheels for Linux and macOS bring libtiff as a library of its own; where it is
    linked in some other way, nothing happens.
    """
    import ctypes

    package = Path(PIL.__file__).parent
    for library in (*package.parent.glob("pillow.libs/libtiff*"), *package.glob(".dylibs/libtiff*")):
        with suppress(OSError, AttributeError):
            ctypes.CDLL(str(library)).TIFFSetErrorHandler(None)
