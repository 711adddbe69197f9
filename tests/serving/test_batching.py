import threading
import time
from concurrent.futures import CancelledError

import pytest

from kerastl.serving._batching import BatchObserver, MicroBatcher
from kerastl.serving._errors import DeadlineError, QueueFullError, UnavailableError

SOON = 60.0


class Gate:
    """Work that waits until it is opened, and notes the groups it was given."""

    def __init__(self):
        self.opened, self.entered = threading.Event(), threading.Event()
        self.groups = []

    def __call__(self, items):
        self.entered.set()
        assert self.opened.wait(SOON)
        self.groups.append(list(items))
        return [item * 10 for item in items]


def later(seconds=SOON):
    return time.monotonic() + seconds


@pytest.fixture
def gate():
    return Gate()


@pytest.fixture
def batcher(gate):
    """One worker, groups of three, four may wait; the worker is busy with item 0."""
    made = MicroBatcher(gate, workers=1, batch=3, capacity=4)
    made.first = made.submit([0], later())[0]
    assert gate.entered.wait(SOON)
    yield made
    gate.opened.set()
    made.close()


def test_what_waits_goes_together_in_order(gate, batcher):
    futures = batcher.submit([1, 2], later()) + batcher.submit([3, 4], later())
    gate.opened.set()
    assert [future.result(SOON) for future in futures] == [10, 20, 30, 40]
    assert gate.groups == [[0], [1, 2, 3], [4]]


def test_a_request_that_does_not_fit_leaves_nothing_in_the_queue(gate, batcher):
    batcher.submit([1, 2, 3], later())
    with pytest.raises(QueueFullError) as error:
        batcher.submit([4, 5], later())
    assert int(error.value.headers["Retry-After"]) >= 1
    assert len(batcher) == 3
    batcher.submit([4], later())


def test_what_is_canceled_costs_nothing(gate, batcher):
    one, two = batcher.submit([1, 2], later())
    assert one.cancel()
    gate.opened.set()
    assert two.result(SOON) == 20
    assert gate.groups == [[0], [2]]
    with pytest.raises(CancelledError):
        one.result()


def test_what_is_too_late_is_not_computed(gate, batcher):
    late, early = batcher.submit([1], later(-1)) + batcher.submit([2], later())
    gate.opened.set()
    assert early.result(SOON) == 20
    with pytest.raises(DeadlineError):
        late.result(SOON)
    assert gate.groups == [[0], [2]]


def test_one_that_fails_takes_no_other_with_it():
    started = threading.Event()

    def work(items):
        started.wait(SOON)
        return [1 // item for item in items]

    batcher = MicroBatcher(work, workers=1, batch=4, capacity=8)
    futures = batcher.submit([1, 0, -1], later())
    started.set()
    assert futures[0].result(SOON) == 1
    assert futures[2].result(SOON) == -1
    with pytest.raises(ZeroDivisionError):
        futures[1].result(SOON)
    batcher.close()


def test_closing_answers_what_waits_and_takes_nothing_more(gate, batcher):
    waiting = batcher.submit([1, 2], later())
    gate.opened.set()
    batcher.close()
    assert [future.result(0) for future in waiting] == [10, 20]
    with pytest.raises(UnavailableError):
        batcher.submit([3], later())


def test_workers_share_what_waits():
    gate = Gate()
    batcher = MicroBatcher(gate, workers=2, batch=8, capacity=8)
    futures = batcher.submit(list(range(8)), later())
    time.sleep(0.05)
    gate.opened.set()
    assert [future.result(SOON) for future in futures] == [10 * item for item in range(8)]
    assert max(map(len, gate.groups)) <= 4
    batcher.close()


def test_what_happens_is_observed(gate):
    seen = []

    class Observer(BatchObserver):
        def queued(self, items):
            seen.append(("queued", items))

        def waited(self, seconds):
            assert seconds >= 0
            seen.append("waited")

        def answered(self, items, seconds):
            assert seconds >= 0
            seen.append(("answered", items))

    batcher = MicroBatcher(gate, workers=1, batch=2, capacity=4, observer=Observer())
    futures = batcher.submit([1], later())
    assert gate.entered.wait(SOON)
    futures += batcher.submit([2, 3], later())
    gate.opened.set()
    for future in futures:
        future.result(SOON)
    batcher.close()
    first = [("queued", 1), ("queued", 0), "waited"]
    assert seen == [*first, ("queued", 2), ("answered", 1), ("queued", 0), "waited", "waited", ("answered", 2)]
