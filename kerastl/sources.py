"""What a user names becomes a stream of paths: files, folders, patterns, a list on a pipe.

Paths stay text exactly as they were written, which `pathlib` would tidy up.
"""
# ruff: noqa: PTH112, PTH116, PTH118, PTH206, PTH207

from __future__ import annotations

import fnmatch
import glob
import os
import sys
from collections.abc import Iterable, Iterator
from typing import IO

_BLOCK = 1 << 16
_UTF8_MARK = b"\xef\xbb\xbf"  # what some editors put before the first line
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}


def expand(sources: Iterable[str], stdin: IO[bytes] | None = None) -> Iterator[str]:
    """Give the path of every picture that the sources name, in order and as soon as each is known.

    A folder stands for all files below it, sorted by name level by level. Names that begin with a dot are
    left out, as are `Thumbs.db` and `desktop.ini`; every other file is given, picture or not. Links to
    folders are followed, and no folder is gone through twice. A pattern such as `photos/**/*.jpg` stands for
    the files that match, unless a file has that very name. `-` stands for a list of files and folders on
    `stdin`, one a line or separated by null bytes.

    What leads to no file is given as it is, for whoever opens it to report: a missing file, a pattern that
    matches nothing, a folder that is empty or cannot be read.

    Args:
        sources: What the user named. Bytes that are no text are surrogate-escaped, as in `sys.argv`.
        stdin: Where `-` reads from; standard input if not given.

    Yields:
        Paths as text, surrogate-escaped like `sources`.
    """
    for source in sources:
        if source == "-":
            for listed in _listed(sys.stdin.buffer if stdin is None else stdin):
                yield from _files(listed)
        elif not os.path.lexists(source) and glob.has_magic(source):
            yield from _or_itself(source, _matching(source))
        else:
            yield from _files(source)


def _files(path: str) -> Iterator[str]:
    return _or_itself(path, _walk(path)) if os.path.isdir(path) else iter((path,))


def _or_itself(source: str, paths: Iterator[str]) -> Iterator[str]:
    nothing = True
    for path in paths:
        nothing = False
        yield path
    if nothing:
        yield source


def _walk(top: str) -> Iterator[str]:
    """Go through a folder without recursion, so that no depth is too deep."""
    seen = {_identity(top)}
    levels = [iter(_entries(top))]
    while levels:
        for path, is_folder in levels[-1]:
            if not is_folder:
                yield path
            elif (identity := _identity(path)) not in seen:
                seen.add(identity)
                levels.append(iter(_entries(path)))
                break
        else:
            levels.pop()


def _identity(folder: str) -> tuple[int, int] | str:
    try:
        status = os.stat(folder)
    except OSError:
        return folder
    return status.st_dev, status.st_ino


def _entries(folder: str) -> list[tuple[str, bool]]:
    """The paths in a folder that are not hidden, sorted, each with whether it is a folder.

    A folder that cannot be read is given as if it were a file of its own.
    """
    try:
        with os.scandir(folder) as entries:
            found = [(entry.path, _is_folder(entry)) for entry in entries if not _is_hidden(entry.name)]
    except OSError:
        return [(folder, False)]
    return sorted(found)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name.lower() in _OF_THE_SYSTEM


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a loop of links, say
        return False


def _matching(pattern: str) -> Iterator[str]:
    """The files that match a pattern, and those in folders that match it."""
    parts = (pattern.replace(os.altsep, os.sep) if os.altsep else pattern).split(os.sep)
    if "**" not in parts:
        for path in sorted(glob.glob(pattern)):
            yield from _files(path)
        return
    # `glob` follows links in circles here, so the walk is our own.
    first = parts.index("**")
    above, below = os.sep.join(parts[:first]), parts[first:]
    if first and not above:
        above = os.sep
    tops = sorted(glob.glob(above)) if glob.has_magic(above) else [above]
    for top in tops:
        for path in _walk(top or os.curdir):
            relative = os.path.relpath(path, top or os.curdir)
            if _fits(relative.split(os.sep), below):
                yield path if top else relative


def _fits(names: list[str], parts: list[str]) -> bool:
    """Whether the names along a path match the parts of a pattern, where `**` is any number of names."""
    if not parts:
        return not names
    if parts[0] == "**":
        return _fits(names, parts[1:]) or (bool(names) and _fits(names[1:], parts))
    return bool(names) and fnmatch.fnmatch(names[0], parts[0]) and _fits(names[1:], parts[1:])


def _listed(stream: IO[bytes]) -> Iterator[str]:
    """The paths on a stream, each as soon as it has come through."""
    read = getattr(stream, "read1", stream.read)  # `read1` does not wait for a full block
    separator, rest = b"", b""
    while block := read(_BLOCK):
        if not separator:
            rest = (rest + block).removeprefix(_UTF8_MARK)
            if b"\0" not in rest and b"\n" not in rest:
                continue
            separator, block = (b"\0" if b"\0" in rest else b"\n"), b""
        *complete, rest = (rest + block).split(separator)
        yield from _names(complete, separator)
    yield from _names([rest], separator)


def _names(lines: list[bytes], separator: bytes) -> Iterator[str]:
    for line in lines:
        name = line if separator == b"\0" else line.removesuffix(b"\r")
        if name:
            yield os.fsdecode(name)
