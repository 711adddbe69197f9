"""Map a function over a stream with several threads, in order and in constant memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def chunks(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of `size`; the last may be shorter."""
    stream = iter(items)
    while chunk := list(islice(stream, size)):
        yield chunk


def ordered_map(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Apply `function` in `workers` threads and give the results in the order of `items`.

    Results come as soon as they are there, also while `items` still waits for its next one (a pipe, say). Only a
    few items are under way at a time. An exception of `function` or of `items` is raised in its place in the
    order. When the caller stops early, nothing more is taken from `items`.
    """
    # Two a worker keep everybody busy while the caller handles a result.
    waiting: queue.Queue[Future[R] | BaseException | None] = queue.Queue(maxsize=2 * workers)
    stopped = threading.Event()

    def put(entry: Future[R] | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                waiting.put(entry, timeout=0.1)
            except queue.Full:
                continue
            return

    def feed() -> None:
        try:
            for item in items:
                if stopped.is_set():
                    return
                put(pool.submit(function, item))
            put(None)
        except BaseException as error:
            put(error)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="kerastl")
    # A daemon: it may be waiting for a pipe that never ends when the program does.
    threading.Thread(target=feed, daemon=True, name="kerastl-feed").start()
    try:
        while (entry := waiting.get()) is not None:
            if isinstance(entry, BaseException):
                raise entry
            yield entry.result()
    finally:
        stopped.set()
        pool.shutdown(wait=True, cancel_futures=True)
