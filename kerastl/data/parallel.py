"""Apply a function to many things in threads, in order, holding only a few at a time."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def default_workers() -> int:
    """As many threads as there are processors: decoding keeps one busy each, outside Python's lock."""
    return os.cpu_count() or 1


def ordered_map(function: Callable[[A], B], things: Iterable[A], workers: int | None = None) -> Iterator[B]:
    """Apply `function` to each of `things` in threads.

    Unlike `Executor.map`, this takes from `things` only as it gives results: memory does not grow with their number.

    Args:
        function: What to do; an exception in it is raised where its result would have come.
        things: Any number of arguments.
        workers: Threads; as many as there are processors if None.

    Yields:
        The results, in the order of `things`.
    """
    workers = workers or default_workers()
    things = iter(things)
    with ThreadPoolExecutor(workers, thread_name_prefix="kerastl") as pool:
        pending: deque[Future[B]] = deque()
        try:
            pending.extend(pool.submit(function, thing) for thing in islice(things, 4 * workers))
            while pending:
                result = pending.popleft().result()
                pending.extend(pool.submit(function, thing) for thing in islice(things, 1))
                yield result
        finally:
            for future in pending:
                future.cancel()
