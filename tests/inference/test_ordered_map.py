import threading
import time

import pytest

from kerastl.inference._ordered_map import ordered_map


def singly(function):
    """Make a function of one item one of a group."""
    return lambda group: [function(item) for item in group]


def test_groups_are_full_but_for_the_last():
    sizes = []

    def work(group):
        sizes.append(len(group))
        return group

    assert list(ordered_map(work, range(10), workers=3, group=4)) == list(range(10))
    assert sorted(sizes) == [2, 4, 4]


def test_results_come_in_order_however_long_each_takes():
    def slow_if_even(n):
        time.sleep(0.02 if n % 2 == 0 else 0)
        return n * n

    assert list(ordered_map(singly(slow_if_even), range(20), workers=4)) == [n * n for n in range(20)]


def test_only_a_few_items_are_taken_ahead():
    taken = []

    def source():
        for n in range(1000):
            taken.append(n)
            yield n

    results = ordered_map(lambda group: group, source(), workers=2)
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

    results = ordered_map(lambda group: group, source(), workers=2, group=8)
    assert next(results) == 1
    assert not more.is_set()
    more.set()
    assert list(results) == [2]


@pytest.mark.parametrize("group", [1, 2, 8])
def test_an_exception_comes_in_its_place(group):
    def fail_at_three(n):
        if n == 3:
            raise ValueError("three")
        return n

    results = ordered_map(singly(fail_at_three), range(10), workers=3, group=group)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        next(results)


def test_no_thread_is_left_behind():
    before = threading.active_count()
    assert list(ordered_map(lambda group: group, range(5), workers=4)) == list(range(5))
    results = ordered_map(lambda group: group, range(10**9), workers=4)
    next(results)
    results.close()
    time.sleep(0.3)
    assert threading.active_count() <= before


def test_an_exception_of_the_source_comes_after_what_it_gave():
    def source():
        yield 1
        raise OSError("gone")

    results = ordered_map(lambda group: group, source(), workers=2)
    assert next(results) == 1
    with pytest.raises(OSError, match="gone"):
        next(results)


def test_ctrl_c_does_not_wait_for_what_computes_without_end():
    """The worker of the second item ends only when it is let go, after the interruption has come through."""
    started, let_go = threading.Event(), threading.Event()
    ended = []

    def function(items):
        if items == ["interrupted"]:
            started.wait(30)
            raise KeyboardInterrupt
        started.set()
        let_go.wait(30)
        ended.append(items)
        return items

    with pytest.raises(KeyboardInterrupt):
        list(ordered_map(function, ["interrupted", "endless"], workers=2))
    assert not ended
    let_go.set()
