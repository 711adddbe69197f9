"""What Pillow and libtiff say of odd files is kept quiet while they are decoded, and only then.

Warning filters, loggers and the handlers of a C library belong to the whole process. Each is changed when the first
thread begins to decode and put back when the last one has done, so that a program which uses kerastl keeps its own.
"""

from __future__ import annotations

import functools
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import PIL

from kerastl._base.stderr import SharedChange


class _Thread(threading.local):
    depth = 0


_thread = _Thread()


class _InThisThread(type):
    def __subclasscheck__(cls, subclass: type) -> bool:
        return _thread.depth > 0


class _WhileDecodingWarning(Warning, metaclass=_InThisThread):
    """To `warnings`, which asks `issubclass`, every warning of a thread that decodes is one of these."""


# `catch_warnings` swaps all filters of the process: used by several threads at once, it leaves them swapped for good.
_FILTER: Any = ("ignore", None, _WhileDecodingWarning, None, 0)


# Where no handler is found, what Pillow logs would reach standard error.
_handler = logging.NullHandler()


def _ignore() -> None:
    # Filters that came later stand in front and would win, `-W error` of a test run among them. The list is changed
    # without a word to `warnings`, which would forget what the program has been warned of once.
    if not warnings.filters or warnings.filters[0] is not _FILTER:
        warnings.filters.insert(0, _FILTER)  # type: ignore[attr-defined]
    logging.getLogger("PIL").addHandler(_handler)


def _heed() -> None:
    while _FILTER in warnings.filters:
        warnings.filters.remove(_FILTER)  # type: ignore[attr-defined]
    logging.getLogger("PIL").removeHandler(_handler)


_quiet = SharedChange(_ignore, _heed)


@contextmanager
def silenced() -> Iterator[None]:
    """Ignore the warnings of this thread, and what Pillow logs, inside the block."""
    with _quiet.held():
        _thread.depth += 1
        try:
            yield
        finally:
            _thread.depth -= 1


@functools.cache
def _libtiff() -> Callable[[int | None], int | None] | None:
    """The function that sets libtiff's error handler and gives the one before; None where it is not to be had.

    Pillow has no switch for this. Its wheels for Linux and macOS bring libtiff as a library of its own; where it is
    linked in some other way, libtiff goes on writing to standard error.
    """
    import ctypes

    package = Path(PIL.__file__).parent
    for library in (*package.parent.glob("pillow.libs/libtiff*"), *package.glob(".dylibs/libtiff*")):
        with suppress(OSError, AttributeError):
            function = ctypes.CDLL(str(library)).TIFFSetErrorHandler
            function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
            return function
    return None


_replaced: list[int | None] = []  # libtiff's own handler


def _silence_libtiff() -> None:
    if not _replaced and (set_handler := _libtiff()) is not None:
        _replaced.append(set_handler(None))


def _unsilence_libtiff() -> None:
    if _replaced and (set_handler := _libtiff()) is not None:
        set_handler(_replaced.pop())


libtiff_silenced = SharedChange(_silence_libtiff, _unsilence_libtiff).held
"""Stop libtiff from writing to standard error what Pillow raises as an exception, or gets over, anyway."""
