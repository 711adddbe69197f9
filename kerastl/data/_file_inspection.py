"""One look at an image's file: its hash, what it is, and a thumbnail; here or in a process of its own."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl.errors import ImageError
from kerastl.images import _opening as opening
from kerastl.inference._child import start_child
from kerastl.inference._engines import cores
from kerastl.inference._ordered_map import ordered_map

LOOK_SIDE = 16
"""Pixels a side to which each image is averaged for comparison."""

_TOGETHER = 8  # files that a thread takes at a time


@dataclass(frozen=True, slots=True)
class Facts:
    """What one look has shown; `look` is 16 x 16 RGB pixels, and a `problem` says why there is none.

    `bits` are those that the brightest pixel takes, 8 to 16, where the file has more than 8 and says nothing of it.
    """

    content: str = ""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    look: bytes = b""
    problem: str = ""
    bits: int = 0


def digest(content: bytes) -> str:
    """The content hash of a file: 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def look_at_all(files: Iterable[str], workers: int) -> Iterator[Facts]:
    """Look at each file, in threads; the findings come in the files' order."""
    return ordered_map(lambda group: [look_at(file) for file in group], files, workers, group=_TOGETHER)


def looked_at_elsewhere(files: Sequence[str], workers: int) -> Iterator[Facts]:
    """Look at each file in a process of its own, while this one does other work in Python.

    Threads of one process that run Python take turns, and importing Keras is seconds of Python: beside it, looking
    at images in threads takes as long as doing one after the other. What the process leaves undone, if it cannot
    be started or dies, is done here.
    """
    done = 0
    for facts in _from_child(files, workers):
        done += 1
        yield facts
    if done < len(files):
        yield from look_at_all(files[done:], workers)


def _from_child(files: Sequence[str], workers: int) -> Iterator[Facts]:
    try:
        child = start_child("kerastl.data._file_inspection.serve", stdout=subprocess.PIPE)
    except OSError:
        return
    assert child.stdin is not None  # noqa: S101 - they are pipes
    assert child.stdout is not None  # noqa: S101
    try:
        with child.stdin as todo:
            pickle.dump((list(files), workers), todo)
        for _ in files:
            yield pickle.load(child.stdout)  # noqa: S301 - written by `serve` below
    except (EOFError, OSError, pickle.UnpicklingError):
        return
    finally:
        child.kill()
        child.stdout.close()
        child.wait()


def serve() -> None:
    """What the process of its own does: read the files' names from the standard input, write the findings."""
    # Ctrl-C reaches the whole group of processes, and the parent decides what becomes of it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    files, workers = pickle.load(sys.stdin.buffer)  # noqa: S301 - written by `_from_child` above
    for facts in look_at_all(files, workers):
        # A pipe that nobody reads any more ends this process, and with it the look at what is left.
        pickle.dump(facts, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def look_at(path: str) -> Facts:
    """Read one file. What is wrong with it is a finding, and raises nothing."""
    from kerastl.images import _opening as opening
    from kerastl.images._pillow_warnings import silenced

    content = kind = mode = ""
    width = height = 0
    try:
        with opening.reported(path), silenced():
            with opening.regular_file(path) as file:
                data = file.read()
            content = digest(data)
            with opening.identified(io.BytesIO(data)) as image:
                kind, mode, (width, height) = image.format or "", image.mode, image.size
            look, bits = _look(data)
            return Facts(content, kind, mode, width, height, look, bits=bits)
    except ImageError as error:
        return Facts(content, kind, mode, width, height, problem=error.reason)


def _look(data: bytes) -> tuple[bytes, int]:
    from PIL import Image

    from kerastl.images import Resize, open_image
    from kerastl.images._depth import BITS

    # Four pixels of the decoded image, or more, go into each of the sixteen.
    image = open_image(io.BytesIO(data), target=Resize(2 * LOOK_SIDE, 2 * LOOK_SIDE, "squash"))
    return image.resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BOX).tobytes(), image.info.get(BITS, 0)


Progress = Callable[[int, int], None]

_BLOCK = 1 << 20


def content_hashes(files: Sequence[Path], progress: Progress | None = None) -> list[str]:
    """Hash each file's bytes, in threads.

    Args:
        files: Which.
        progress: Called with the files done and their number, after each.

    Returns:
        Hashes of 32 hexadecimal digits, as `digest` gives them; empty where a file cannot be
        read.
    """
    found = []
    for content in ordered_map(_hashed, [os.fspath(file) for file in files], cores(), group=_TOGETHER):
        found.append(content)
        if progress is not None:
            progress(len(found), len(files))
    return found


def _hashed(group: list[str]) -> list[str]:
    return [_hash(file) for file in group]


def _hash(file: str) -> str:
    total = hashlib.blake2b(digest_size=16)
    try:
        with opening.reported(file), opening.regular_file(file) as stream:
            while block := stream.read(_BLOCK):
                total.update(block)
    except ImageError:
        return ""
    return total.hexdigest()
