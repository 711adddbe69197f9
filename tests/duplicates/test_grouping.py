import pytest

from kerastl.duplicates import _grouping
from kerastl.duplicates._grouping import Groups
from kerastl.duplicates._verification import Match

COPY = Match(False, 1.0, None, 0.0, 1.0, 0.1)


class Numbers:
    """Stands in for thumbnails: images are numbers, and those of one ten are copies."""

    def read(self, numbers):
        pass

    def get(self, number):
        return None if number == 99 else number

    def tidy(self):
        pass


@pytest.fixture
def compared(monkeypatch):
    done = []

    def compare(one, other):
        done.append((one, other))
        return COPY if one // 10 == other // 10 else None

    monkeypatch.setattr(_grouping, "compare", compare)
    return done


def test_copies_of_copies_are_one_group(compared):
    groups = Groups(30, Numbers())
    groups.add([(1, 2), (2, 3), (3, 11), (11, 14), (25, 1)])
    assert groups.groups() == [[1, 2, 3], [11, 14]]
    assert groups.matches.keys() == {(1, 2), (2, 3), (11, 14)}


def test_what_is_in_one_group_already_is_not_compared(compared):
    groups = Groups(30, Numbers(), [[4, 5], [7]])
    groups.add([(4, 5), (4, 6), (5, 6), (4, 6)])
    assert compared == [(4, 6)]
    assert groups.groups() == [[4, 5, 6]]


def test_two_groups_are_compared_twice_at_most(compared):
    groups = Groups(30, Numbers())
    groups.add([(1, 2), (2, 3), (11, 12)])
    groups.add([(one, other) for one in (1, 2, 3) for other in (11, 12)])
    groups.add([(1, 13), (12, 13), (13, 3)])
    assert len([1 for one, other in compared if one // 10 != other // 10]) == 2 + 1
    assert groups.groups() == [[1, 2, 3], [11, 12, 13]]


def test_what_groups_are_found_to_be_stays_when_they_grow(compared):
    groups = Groups(30, Numbers())
    groups.add([(1, 11)])
    groups.add([(2, 11)])
    groups.add([(1, 2), (11, 12)])
    before = len(compared)
    groups.add([(2, 12), (1, 12), (1, 11)])
    assert len(compared) - before == 1


def test_an_image_that_cannot_be_read_is_a_copy_of_none(compared):
    groups = Groups(100, Numbers())
    groups.add([(98, 99), (97, 98)])
    assert groups.groups() == [[97, 98]]
