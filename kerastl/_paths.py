"""What a user names becomes a stream of paths: files, folders, patterns, a list on a pipe.

Paths stay text exactly as they were written, which `pathlib` would tidy up.
"""
# ruff: noqa: PTH112, PTH118, PTH119, PTH122, PTH206, PTH207

from __future__ import annotations

import glob
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

from kerastl._base.patterns import braces, fits, has_braces
from kerastl._base.text import printable
from kerastl._base.walking import is_hidden, walk
from kerastl.errors import UsageError
from kerastl.images._formats import SIDE, Sorter, format_of
from kerastl.sources._addresses import is_address

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


_SUFFIXES = 5  # that are named of files left out


def expand(
    sources: Iterable[str], stdin: IO[bytes] | None = None, side_files: list[str] | None = None
) -> Iterator[str]:
    """Give the path of every image that the sources name, in order and as soon as each is known.

    A folder stands for the images below it, as `kerastl._base.walking.walk` finds them, and for what looks like
    an image but may not be readable (`kerastl.images._formats`); other files are left out. A pattern such as
    `photos/**/*.jpg` stands for what matches it, unless a file has that very name; where it ends in no suffix, as in
    `photos/*`, other files are left out too. `-` stands for a list of files and folders on `stdin`, one a line or
    separated by null bytes. A file that is named is given, whatever it is.

    What leads to no file is given as it is, for whoever opens it to report: a missing file, a pattern that
    matches nothing, a folder that holds no image or cannot be read. So are addresses, and archives, which stand for the
    images in them; `kerastl._inputs` goes on with those. Braces, as in `shard-{000..009}.tar`, stand for several names.

    Args:
        sources: What the user named. Bytes that are no text are surrogate-escaped, as in `sys.argv`.
        stdin: Where `-` reads from; standard input if not given.
        side_files: Is told what was left out: other files, and folders that kerastl wrote.

    Yields:
        Paths as text, surrogate-escaped like `sources`.

    Raises:
        UsageError: What is on `stdin` is no list of paths.
    """
    expansion = _Expansion([] if side_files is None else side_files)
    for source in sources:
        if source == "-":
            for listed in paths(sys.stdin.buffer if stdin is None else stdin):
                yield from expansion.named(listed)
        else:
            yield from expansion.given(source)


def left_out(side_files: Sequence[str], stored: Mapping[str, int] | None = None) -> str:
    """Say in one line how many side files were left out, and of what kinds; nothing if there are none.

    Args:
        side_files: Their paths.
        stored: How many more lie in archives, by suffix.
    """
    suffixes = Counter(os.path.splitext(path)[1].lower() for path in side_files)
    suffixes.update(stored or {})
    if not (count := suffixes.total()):
        return ""
    kinds = [printable(suffix) for suffix in sorted(suffixes, key=lambda suffix: (-suffixes[suffix], suffix)) if suffix]
    shown = ", ".join(kinds[:_SUFFIXES]) + (", ..." if len(kinds) > _SUFFIXES else "")
    files = "1 other file" if count == 1 else f"{count:,} other files"
    return f"{files} left out{f' ({shown})' if shown else ''}"


def _or_itself(source: str, paths: Iterator[str]) -> Iterator[str]:
    nothing = True
    for path in paths:
        nothing = False
        yield path
    if nothing:
        yield source


class _Expansion:
    """Finds the files behind names, and notes what it leaves out."""

    def __init__(self, side_files: list[str]) -> None:
        self._side_files = side_files
        self._sorter = Sorter()

    def given(self, source: str) -> Iterator[str]:
        """What an argument stands for: braces and patterns are expanded."""
        if is_address(source) and not has_braces(source):
            yield source  # whoever goes there finds what matches
        elif os.path.lexists(source):
            yield from self.named(source)
        elif has_braces(source):
            for name in braces(source):
                yield from self.given(name)
        elif glob.has_magic(source):
            yield from _or_itself(source, self.matching(source))
        else:
            yield from self.named(source)

    def named(self, path: str) -> Iterator[str]:
        """A file, or the images in a folder; the path itself if there is neither."""
        return _or_itself(path, self._images(path)) if os.path.isdir(path) else iter((path,))

    def _images(self, folder: str) -> Iterator[str]:
        for path, is_file in self._walked(folder):
            if not is_file or self._is_wanted(path):
                yield path

    def _is_wanted(self, file: str) -> bool:
        if self._sorter.kind(file) != SIDE:
            return True
        self._side_files.append(file)
        return False

    def _walked(self, folder: str) -> Iterator[tuple[str, bool]]:
        """The files below a folder; and the folders that cannot be listed, which are no files."""
        for found in walk(folder):
            if found.kind == "own":
                self._side_files.append(found.path)
            elif found.kind != "folder":
                yield found.path, found.kind == "file"

    def matching(self, pattern: str) -> Iterator[str]:
        """The files that match a pattern, and the images in folders that match it."""
        last = os.path.basename(pattern)
        suffix = os.path.splitext(last)[1]
        explicit = bool(suffix) and not glob.has_magic(suffix)
        for path in self._matches(pattern):
            if not last.startswith(".") and is_hidden(os.path.basename(path)):
                continue
            if os.path.isdir(path):
                yield from self._images(path)
            elif explicit or self._is_wanted(path):
                yield path

    def _matches(self, pattern: str) -> Iterator[str]:
        parts = (pattern.replace(os.altsep, os.sep) if os.altsep else pattern).split(os.sep)
        if "**" not in parts:
            yield from sorted(glob.glob(pattern))
            return
        # `glob` follows links in circles here, so the walk is our own.
        first = parts.index("**")
        above, below = os.sep.join(parts[:first]), parts[first:]
        if first and not above:
            above = os.sep
        tops = sorted(glob.glob(above)) if glob.has_magic(above) else [above]
        for top in tops:
            for path, _ in self._walked(top or os.curdir):
                relative = os.path.relpath(path, top or os.curdir)
                if fits(relative.split(os.sep), below):
                    yield path if top else relative
