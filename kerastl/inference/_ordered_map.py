"""Map a function over a stream with several threads, in groups, in order and in constant memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

# How long a group waits for its next item before it goes on its way incomplete, in seconds. Files come faster than
# that, so that groups are full and a run is repeatable; a pipe that is written to slowly is answered at once.
_PATIENCE = 0.05


def ordered_map(
    function: Callable[[list[T]], list[R]], items: Iterable[T], workers: int, group: int = 1
) -> Iterator[R]:
    """Apply `function` to groups of items in several threads; give the results one by one in the order of `items`.

    Results come as soon as they are there, also while `items` still waits for its next one (a pipe, say). Only a
    few groups are under way at a time. An exception of `function` or of `items` is raised in its place in the
    order. When the caller stops early, nothing more is taken from `items`, and what is under way is waited for; Ctrl-C
    waits for nothing.

    Args:
        function: From a list of items to as many results. Where it fails for several items at once it is called
            for each alone, so that one that fails does not take others with it.
        items: Any iterable; read in a thread of its own.
        workers: Threads that call `function`.
        group: Items a call, at most.

    Yields:
        One result an item.
    """
    work_queue: _WorkQueue[T, R] = _WorkQueue(function, group, ahead=2 * workers * group)
    # Daemons: the feeder may be waiting for a pipe that never ends when the program does.
    threads = [threading.Thread(target=work_queue.work, daemon=True) for _ in range(workers)]
    for thread in (threading.Thread(target=work_queue.feed, args=(items,), daemon=True), *threads):
        thread.start()
    waits = True
    try:
        yield from work_queue.results()
    except KeyboardInterrupt:
        waits = False  # for a network that may compute without end
        raise
    finally:
        work_queue.stop()
        for thread in threads if waits else ():
            thread.join()


class _WorkQueue(Generic[T, R]):
    """What the feeder, the workers and the caller share.

    Args:
        function: See `ordered_map`.
        group: Items a call, at most.
        ahead: Items under way, at most.
    """

    def __init__(self, function: Callable[[list[T]], list[R]], group: int, ahead: int) -> None:
        self._function = function
        self._group = group
        self._todo: queue.Queue[tuple[T, Future[R]] | None] = queue.Queue()
        self._promised: queue.Queue[Future[R] | None] = queue.Queue(maxsize=ahead)
        self._gathering = threading.Lock()
        self._stopped = threading.Event()

    def feed(self, items: Iterable[T]) -> None:
        """Queue the items, and after the last the end."""
        try:
            for item in items:
                future: Future[R] = Future()
                if not self._promise(future):
                    return
                self._todo.put((item, future))
        except BaseException as error:
            failed: Future[R] = Future()
            failed.set_exception(error)
            self._promise(failed)
        self._todo.put(None)
        self._promise(None)

    def _promise(self, future: Future[R] | None) -> bool:
        """Queue a result to come; `False` if nobody wants it any more."""
        while not self._stopped.is_set():
            try:
                self._promised.put(future, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work(self) -> None:
        """Take groups from the queue until it ends."""
        while group := self._gather():
            try:
                self._do(group)
            except BaseException as error:
                if len(group) == 1:
                    group[0][1].set_exception(error)
                    continue
                for single in group:
                    try:
                        self._do([single])
                    except BaseException as own:
                        single[1].set_exception(own)

    def _do(self, group: list[tuple[T, Future[R]]]) -> None:
        results = self._function([item for item, _ in group])
        for (_, future), result in zip(group, results, strict=True):
            future.set_result(result)

    def _gather(self) -> list[tuple[T, Future[R]]]:
        """The next items; none when the queue has ended. One worker at a time, so that groups fill up."""
        group: list[tuple[T, Future[R]]] = []
        with self._gathering:
            while len(group) < self._group and not self._stopped.is_set():
                try:
                    entry = self._todo.get(timeout=_PATIENCE)
                except queue.Empty:
                    if group:
                        break
                    continue
                if entry is None:
                    self._todo.put(None)
                    break
                group.append(entry)
        return group

    def results(self) -> Iterator[R]:
        """The results in the order of the items."""
        while (future := self._promised.get()) is not None:
            yield future.result()

    def stop(self) -> None:
        """End all threads."""
        self._stopped.set()
        self._todo.put(None)
