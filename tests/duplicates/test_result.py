import pytest

from kerastl.duplicates._kinds import kinds_of
from kerastl.duplicates._result import Copy, Duplicates, best_first
from kerastl.duplicates._verification import Match


def match(mirrored=False, extent=1.0, inner=None, angle=0.0, gain=1.0):
    return Match(mirrored, extent, inner, angle, gain, 0.1)


@pytest.mark.parametrize(
    ("found", "size", "kinds", "shows"),
    [
        (match(), (640, 480), ("recompressed",), None),
        (match(), (320, 240), ("resized",), None),
        (match(mirrored=True), (640, 480), ("mirrored",), None),
        (match(extent=0.64, inner=True), (512, 384), ("crop",), 0.64),
        (match(extent=0.64, inner=True), (256, 192), ("crop", "resized"), 0.64),
        # The image that is kept is a crop of this one, of 64 %, and was enlarged: 400 of 500 pixels became 640.
        (match(extent=0.64, inner=False), (500, 375), ("wider view", "resized"), None),
        (match(extent=0.64, inner=False), (800, 600), ("wider view",), None),
        (match(angle=-3.0, gain=0.7), (640, 480), ("turned", "contrast"), None),
    ],
)
def test_how_a_copy_differs_is_told(found, size, kinds, shows):
    assert kinds_of(found, size, (640, 480)) == (kinds, shows)


@pytest.mark.parametrize(
    ("copies", "times", "best", "reason"),
    [
        ([("a", 10, 10, 900), ("b", 20, 10, 100)], [1, 2], 1, "the most pixels"),
        ([("a", 20, 10, 100), ("b", 10, 20, 300)], [1, 2], 1, "the least compressed of as many pixels"),
        ([("a", 20, 10, 100), ("b", 10, 20, 100)], [2, 1], 1, "the oldest of as many bytes"),
        ([("b", 20, 10, 100), ("a", 20, 10, 100)], [1, 1], 1, "the first by name"),
    ],
)
def test_the_best_of_copies_is_kept(copies, times, best, reason):
    order, why = best_first([Copy(*values) for values in copies], times)
    assert (order, why) == ([best, 1 - best], reason)


def test_what_is_found_is_told():
    kept = Copy("a.jpg", 640, 480, 90_000, keep=True, reason="the most pixels")
    crop = Copy("b\n.jpg", 512, 384, 40_000, kinds=("crop", "mirrored"), shows=0.64)
    found = Duplicates(((kept, crop),), 12, {"c.jpg": "an empty file"})
    assert str(found) == "1 copy of 1 image among 12 images"
    assert str(kept) == "a.jpg: 640 x 480, 90.0 kB: the most pixels"
    assert str(crop) == "b\\n.jpg: 512 x 384, 40.0 kB, crop (64.0 %), mirrored"
    assert found.superfluous == ["b\n.jpg"]
    assert found.as_dict()["groups"][0][1] == {
        "path": "b\n.jpg", "width": 512, "height": 384, "size": 40_000, "keep": False, "kinds": ["crop", "mirrored"],
        "shows": 0.64,
    }  # fmt: skip
    assert crop.cells(1) == [1, "b\n.jpg", 0, "crop; mirrored", "0.6400", 512, 384, 40_000, ""]
    assert str(Duplicates((), 1)) == "no copies among 1 image"
