"""Put images of different requests through the network together, from a queue that has an end.

What waits goes together, and nothing waits for company: under light load each image is answered at once, under heavy
load groups fill up by themselves (Crankshaw et al. 2017, Clipper, section 4.3, without its delay).
"""

from __future__ import annotations

import asyncio
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kerastl.serving._errors import DeadlineError, QueueFullError, UnavailableError

T = TypeVar("T")
R = TypeVar("R")

# How much the latest group counts in the mean time of an item.
_LATEST = 0.1
_LATE = "no answer in time: the server is busy; try again later"


@dataclass(frozen=True)
class _Job(Generic[T, R]):
    item: T
    deadline: float
    future: Future[R]
    since: float


class BatchObserver:
    """Told of what a batcher does, from several threads; this one pays no attention."""

    def queued(self, items: int) -> None:
        """So many items wait now."""

    def waited(self, seconds: float) -> None:
        """An item's turn has come after so long."""

    def answered(self, items: int, seconds: float) -> None:
        """So many items went together, and took so long."""


class MicroBatcher(Generic[T, R]):
    """Workers that take groups from one bounded queue.

    Args:
        work: From a list of items to as many results; called from several threads. Where it fails for several items
            at once it is called for each alone, so that one that fails does not take others with it.
        workers: Threads.
        batch: Items a group, at most.
        capacity: Items that may wait.
        observer: Told of what happens.
    """

    def __init__(
        self,
        work: Callable[[list[T]], list[R]],
        *,
        workers: int,
        batch: int,
        capacity: int,
        observer: BatchObserver | None = None,
    ) -> None:
        self._work, self._workers, self._batch, self._capacity = work, workers, batch, capacity
        self._observer = observer or BatchObserver()
        self._waiting: deque[_Job[T, R]] = deque()
        self._changed = threading.Condition()
        self._closed = False
        self._seconds = 0.0  # an item, as the last ones took in the mean
        self._threads = [
            threading.Thread(target=self._run, name=f"kerastl-worker-{number}", daemon=True)
            for number in range(workers)
        ]
        for thread in self._threads:
            thread.start()

    def __len__(self) -> int:
        """How many items wait."""
        return len(self._waiting)

    def submit(self, items: Sequence[T], deadline: float) -> list[Future[R]]:
        """Queue items, all or none of them.

        Args:
            items: What `work` takes.
            deadline: When nobody waits for them any more, as `time.monotonic` counts.

        Returns:
            A future for each. One that is canceled before its turn costs nothing.

        Raises:
            QueueFullError: They do not fit into the queue.
            UnavailableError: The queue is closed.
        """
        now = time.monotonic()
        jobs = [_Job[T, R](item, deadline, Future(), now) for item in items]
        with self._changed:
            if self._closed:
                raise UnavailableError("the model is being replaced or the server stops; try again")
            if len(self._waiting) + len(jobs) > self._capacity:
                raise QueueFullError("too many images wait for this model; try again later", self.seconds_to_wait())
            self._waiting.extend(jobs)
            self._changed.notify(len(jobs))
            self._observer.queued(len(self._waiting))
        return [job.future for job in jobs]

    async def answers(self, items: Sequence[T], deadline: float) -> list[R]:
        """`submit` and wait; if the caller is canceled, the items that wait are dropped.

        Raises:
            QueueFullError: They do not fit into the queue.
            UnavailableError: The queue is closed.
            DeadlineError: There is no answer in time.
        """
        futures = [asyncio.wrap_future(future) for future in self.submit(items, deadline)]
        everything = asyncio.gather(*futures)
        try:
            return await asyncio.wait_for(everything, max(0.0, deadline - time.monotonic()))
        except asyncio.TimeoutError:
            raise DeadlineError(_LATE) from None
        finally:
            for future in futures:
                future.cancel()

    def seconds_to_wait(self) -> int:
        """After how many seconds what waits now will have been answered, at least 1."""
        return max(1, math.ceil(len(self._waiting) * self._seconds / self._workers))

    def close(self, seconds: float | None = None) -> None:
        """Take nothing more, answer what waits, and end the threads.

        Args:
            seconds: How long to wait for them, each; without end if None.
        """
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(seconds)
        if not any(thread.is_alive() for thread in self._threads):
            self._work = _nothing  # in place of what holds a network, and this

    def _run(self) -> None:
        while (group := self._take()) is not None:
            if group:
                started = time.perf_counter()
                self._answer(group)
                self._note(len(group), time.perf_counter() - started)

    def _take(self) -> list[_Job[T, R]] | None:
        """The next group without what nobody waits for; None when all is done."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            if not self._waiting:
                return None
            # A fair part, so that no worker idles while another has a full group.
            count = min(self._batch, math.ceil(len(self._waiting) / self._workers))
            taken = [self._waiting.popleft() for _ in range(count)]
            self._observer.queued(len(self._waiting))
        now = time.monotonic()
        group = [job for job in taken if job.future.set_running_or_notify_cancel()]
        for job in group:
            self._observer.waited(now - job.since)
            if job.deadline < now:
                job.future.set_exception(DeadlineError(_LATE))
        return [job for job in group if job.deadline >= now]

    def _answer(self, group: list[_Job[T, R]]) -> None:
        try:
            results = self._work([job.item for job in group])
        except BaseException as error:
            if len(group) == 1:
                group[0].future.set_exception(error)
                return
            for job in group:
                self._answer([job])
            return
        for job, result in zip(group, results, strict=True):
            job.future.set_result(result)

    def _note(self, items: int, seconds: float) -> None:
        each = seconds / items
        self._seconds = each if self._seconds == 0 else (1 - _LATEST) * self._seconds + _LATEST * each
        self._observer.answered(items, seconds)


def _nothing(items: list[Any]) -> list[Any]:
    return []
