"""Stages as plain lines: what is written, and when."""

from types import SimpleNamespace

import pytest

from kerastl._progress.lines import Lines, Nothing, duration


def stage(**values):
    defaults = {"what": "work", "total": None, "done": 0, "brief": False, "patience": 1.0, "told": None, "told_done": 0}
    return SimpleNamespace(**{**defaults, "seconds": 0.0, **values})


@pytest.fixture
def shown():
    written = []
    return Lines(written.append), written


def at(lines, one, seconds, done=0):
    one.seconds, one.done = seconds, done
    lines.tick([one])


def test_a_stage_that_is_over_soon_is_not_worth_a_line(shown):
    lines, written = shown
    one = stage()
    at(lines, one, 0.9)
    lines.ended(one, [], True)
    assert written == []


def test_a_stage_of_unknown_length_is_told_when_it_begins_less_and_less_often_and_when_it_ends(shown):
    lines, written = shown
    one = stage()
    for seconds in range(1, 61):
        at(lines, one, seconds)
    lines.ended(one, [], True)
    # Ten seconds apart at first, then a third of the time it has taken.
    assert written == [
        "work ...\n",
        "work: 11 s\n",
        "work: 21 s\n",
        "work: 32 s\n",
        "work: 48 s\n",
        "work: done in 60 s\n",
    ]


def test_a_count_is_told_for_each_tenth_but_never_twice_within_ten_seconds(shown):
    lines, written = shown
    one = stage(total=2_000)
    for second in range(1, 41):
        at(lines, one, second, 30 * second)
    lines.ended(one, [], True)
    assert written == [
        "work ...\n",
        "work: 330 of 2,000 (16 %), 11 s\n",
        "work: 630 of 2,000 (31 %), 21 s\n",
        "work: 930 of 2,000 (46 %), 31 s\n",
        "work: 1,200 in 40 s\n",
    ]


def test_a_count_that_hardly_moves_is_told_once_a_minute(shown):
    lines, written = shown
    one = stage(total=1_000_000)
    for second in range(1, 130):
        at(lines, one, second, second)
    assert written == ["work ...\n", "work: 61 of 1,000,000 (0 %), 61 s\n", "work: 121 of 1,000,000 (0 %), 121 s\n"]


def test_an_epoch_has_its_own_line_and_is_told_only_if_it_is_long(shown):
    lines, written = shown
    one = stage(brief=True, patience=10.0, total=50)
    at(lines, one, 9.0, 10)
    at(lines, one, 10.0, 12)
    lines.ended(one, [], True)
    assert written == ["work: 12 of 50 (24 %), 10 s\n"]


def test_a_stage_that_failed_is_not_told_to_have_ended(shown):
    lines, written = shown
    one = stage()
    at(lines, one, 2.0)
    lines.ended(one, [], False)
    assert written == ["work ...\n"]


def test_names_stay_on_their_line():
    written = []
    Nothing(written.append).line("a\nb\x1b[31m")
    assert written == ["a\\nb\\x1b[31m\n"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (299, "299 s"),
        (300, "5 min"),
        (3570, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_durations(seconds, text):
    assert duration(seconds) == text
