from contextlib import closing

import pytest

from kerastl._base.record_file import key_of
from kerastl.errors import KerastlError
from kerastl.results._done import DoneImages


@pytest.fixture
def file(tmp_path):
    """Knows a, b, a and c, and d of a part that was never finished."""
    with closing(DoneImages(tmp_path / "_done.keys", 0)) as done:
        done.add(map(key_of, ["a", "b", "a", "c"]))
        done.add([key_of("d")])
    return tmp_path / "_done.keys"


def taken(file, names):
    with closing(DoneImages(file, 4)) as done:
        return "".join(name if done.take(name) else "-" for name in names)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("abac", "abac"),  # in the same order
        ("abacef", "abac--"),  # new ones after them
        ("aeback", "a-bac-"),  # new ones among them
        ("caba", "caba"),  # in another order
        ("bc", "bc"),  # some are gone
        ("abaca", "abac-"),  # done twice, and named once more
        ("dab", "-ab"),
        ("", ""),
    ],
)
def test_each_image_that_is_done_is_taken_once(file, names, expected):
    assert taken(file, names) == expected


def test_what_is_added_now_is_known_the_next_time(file):
    with closing(DoneImages(file, 4)) as done:
        done.add([key_of("e")])
        assert not done.take("e")
    with closing(DoneImages(file, 5)) as done:
        assert done.take("e")


def test_a_file_that_knows_too_few_is_refused(file):
    with pytest.raises(KerastlError, match=r"knows 5 of the 6 images that are done: take another folder"):
        DoneImages(file, 6)


@pytest.mark.parametrize("names", ["abac", "caba"])
def test_a_damaged_record_is_no_image_that_is_not_done(file, names):
    content = bytearray(file.read_bytes())
    content[1024 + 20] ^= 1  # in the second
    file.write_bytes(content)
    with pytest.raises(KerastlError, match="is damaged: take another folder"):
        taken(file, names)
