import io

import pytest

from kerastl import _path_list as path_list
from kerastl.errors import UsageError


class Drops(io.RawIOBase):
    """A pipe that gives one byte at a time, without end."""

    def __init__(self, byte):
        self._byte = byte
        self.given = 0

    def read1(self, size):
        self.given += 1
        return self._byte * min(size, 1000)


@pytest.mark.parametrize("byte", [b"x", b"\xff", b" ", b"/", b"\xe2"])
def test_a_list_without_an_end_of_line_is_not_read_for_ever(byte):
    pipe = Drops(byte)
    with pytest.raises(UsageError, match="line of more than 65,536 bytes, which is no path"):
        list(path_list.paths(pipe))
    assert pipe.given <= 66


def test_a_line_may_not_be_endless_after_others():
    found = path_list.paths(io.BytesIO(b"a.jpg\nb.jpg\n" + b"x" * 200_000))
    assert [next(found), next(found)] == ["a.jpg", "b.jpg"]
    with pytest.raises(UsageError, match="no path"):
        next(found)


def test_the_longest_paths_pass():
    name = "d/" * 30_000
    assert list(path_list.paths(io.BytesIO(f"{name}\n{name}a".encode()))) == [name, f"{name}a"]


@pytest.mark.parametrize(
    "beginning", [b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"GIF89a", b"RIFF1234WEBPVP8 "]
)
def test_an_image_is_no_list(beginning):
    with pytest.raises(UsageError, match=r"begins like a .* file, and - stands for a list of paths"):
        list(path_list.paths(io.BytesIO(beginning + b"\n\0" * 100)))


def test_a_mark_before_the_first_line_is_no_part_of_it():
    assert list(path_list.paths(io.BytesIO(b"\xef\xbb\xbfa\r\nb"))) == ["a", "b"]
