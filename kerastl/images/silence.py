"""Pillow's warnings are silenced while this thread decodes, and only then.

`warnings.catch_warnings` swaps the filters of the whole process: used by several threads at once, it leaves
them swapped for good. Here one filter goes in once, and its module test looks at the thread that asks.
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

# Without a handler, what Pillow logs about odd files reaches stderr in programs that set up no logging.
logging.getLogger("PIL").addHandler(logging.NullHandler())


class _DecodingThread(threading.local):
    """Stands where a filter has its compiled module pattern; `warnings` calls nothing but `match`."""

    depth = 0

    def match(self, module: str) -> bool:
        return self.depth > 0 and module.startswith("PIL.")


_thread = _DecodingThread()
_FILTER = ("ignore", None, Warning, _thread, 0)


def _install() -> None:
    filters = cast("list[Any]", warnings.filters)
    # Filters that came later stand before ours and would win, `-W error` of a test run among them.
    if not filters or filters[0] is not _FILTER:
        if _FILTER in filters:
            filters.remove(_FILTER)
        filters.insert(0, _FILTER)


@contextmanager
def silenced() -> Iterator[None]:
    """Ignore the warnings that Pillow raises in this thread inside the block."""
    _install()
    _thread.depth += 1
    try:
        yield
    finally:
        _thread.depth -= 1
