"""Threads that fetch ahead of those who wait for it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

THREADS = 8
"""At a time: a store answers after some 50 ms, whatever is asked."""
AHEAD = 2 * THREADS
"""Images of a store that are fetched before the first of them is taken."""
_MOST_AHEAD = 2 * AHEAD
_T = TypeVar("_T")


class Fetcher:
    """Does work in threads that end with the process; who asks for too much waits."""

    def __init__(self) -> None:
        self._todo: queue.SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = queue.SimpleQueue()
        self._room = threading.Semaphore(_MOST_AHEAD)
        self._starting = threading.Lock()
        self._threads: list[threading.Thread] = []

    def submit(self, work: Callable[[], _T]) -> Future[_T]:
        """Have something done soon."""
        self._room.acquire()
        with self._starting:
            if len(self._threads) < THREADS:
                thread = threading.Thread(target=self._run, name="kerastl-fetch", daemon=True)
                self._threads.append(thread)
                thread.start()
        future: Future[_T] = Future()
        self._todo.put((work, future))
        return future

    def _run(self) -> None:
        while True:
            work, future = self._todo.get()
            try:
                future.set_result(work())
            except BaseException as error:  # whoever waits must hear of it
                future.set_exception(error)
            finally:
                self._room.release()
            del work, future  # what they hold would stay until the next comes


fetcher = Fetcher()
"""The one of this process."""
