"""A list of paths on a stream, such as a pipe from `find`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import IO

from kerastl.errors import UsageError
from kerastl.images._formats import format_of

LONGEST_PATH = 1 << 16
"""Bytes of a line; the longest path of any system has half as many."""
_BLOCK = 1 << 16
_UTF8_MARK = b"\xef\xbb\xbf"  # what some editors put before the first line


def paths(stream: IO[bytes]) -> Iterator[str]:
    """Give the paths on a stream, each as soon as it has come through.

    Args:
        stream: One path a line, or separated by null bytes if one comes before the first end of a line.

    Yields:
        Paths as text, surrogate-escaped.

    Raises:
        UsageError: It is no list: a line is longer than any path, or the stream begins like an image.
    """
    read = getattr(stream, "read1", stream.read)  # `read1` does not wait for a full block
    separator, rest, first = b"", b"", True
    while block := read(_BLOCK):
        rest = rest + block
        if first:
            _refuse_image(rest)
            rest, first = rest.removeprefix(_UTF8_MARK), False
        separator = separator or (b"\0" if b"\0" in rest else b"\n" if b"\n" in rest else b"")
        if separator:
            *complete, rest = rest.split(separator)
            yield from _names(complete, separator)
        if len(rest) > LONGEST_PATH:
            raise UsageError(
                f"the list on standard input has a line of more than {LONGEST_PATH:,} bytes, which is no path: "
                "write one path a line, or separate paths by null bytes"
            )
    yield from _names([rest], separator)


def _refuse_image(beginning: bytes) -> None:
    if kind := format_of(beginning):
        raise UsageError(
            f"standard input begins like a {kind} file, and - stands for a list of paths: give the file itself"
        )


def _names(lines: list[bytes], separator: bytes) -> Iterator[str]:
    for line in lines:
        name = line if separator == b"\0" else line.removesuffix(b"\r")
        if name:
            yield os.fsdecode(name)
