import threading
import time

import pytest

from kerastl.runtime.ordered import chunks, ordered_map


def test_chunks_keep_order_and_the_rest():
    assert list(chunks(iter(range(7)), 3)) == [[0, 1, 2], [3, 4, 5], [6]]


def test_results_come_in_order_however_long_each_takes():
    def slow_if_even(n):
        time.sleep(0.02 if n % 2 == 0 else 0)
        return n * n

    assert list(ordered_map(slow_if_even, range(20), workers=4)) == [n * n for n in range(20)]


def test_only_a_few_items_are_taken_ahead():
    taken = []

    def source():
        for n in range(1000):
            taken.append(n)
            yield n

    results = ordered_map(lambda n: n, source(), workers=2)
    assert next(results) == 0
    time.sleep(0.3)
    assert len(taken) <= 2 * 2 + 3
    results.close()


def test_a_result_does_not_wait_for_the_next_item():
    more = threading.Event()

    def source():
        yield 1
        more.wait(10)
        yield 2

    results = ordered_map(lambda n: n, source(), workers=2)
    assert next(results) == 1
    assert not more.is_set()
    more.set()
    assert list(results) == [2]


def test_an_exception_comes_in_its_place():
    def fail_at_three(n):
        if n == 3:
            raise ValueError("three")
        return n

    results = ordered_map(fail_at_three, range(10), workers=3)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_an_exception_of_the_source_comes_after_what_it_gave():
    def source():
        yield 1
        raise OSError("gone")

    results = ordered_map(lambda n: n, source(), workers=2)
    assert next(results) == 1
    with pytest.raises(OSError, match="gone"):
        next(results)
