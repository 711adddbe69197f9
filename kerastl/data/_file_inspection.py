"""One look at an image's file: its hash, what it is, and a thumbnail; here or in a process of its own."""

from __future__ import annotations

import hashlib
import io
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.processes import start_child
from kerastl._progress import CountCallback
from kerastl.errors import ImageError
from kerastl.images import _opening as opening
from kerastl.images._pillow_warnings import silenced
from kerastl.inference._engines import cores
from kerastl.inference._ordered_map import ordered_map

THUMBNAIL_SIDE = 16
"""Pixels a side to which each image is averaged for comparison."""

_TOGETHER = 8  # files that a thread takes at a time
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What reading a file has shown; `thumbnail` is 16 x 16 RGB pixels, and a `problem` says why there is none.

    `bits` are those that the brightest pixel takes, 8 to 16, where the file has more than 8 and says nothing of it.
    """

    content: str = ""
    format: str = ""
    mode: str = ""
    width: int = 0
    height: int = 0
    thumbnail: bytes = b""
    problem: str = ""
    bits: int = 0


def content_hash(content: bytes) -> str:
    """The content hash of a file: 32 hexadecimal digits."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def inspect_files(files: Iterable[str], workers: int) -> Iterator[FileFacts]:
    """Inspect each file, in threads; the findings come in the files' order."""
    return ordered_map(lambda group: [inspect_file(file) for file in group], files, workers, group=_TOGETHER)


def inspect_files_elsewhere(files: Sequence[str], workers: int) -> Iterator[FileFacts]:
    """Inspect each file in a process of its own, while this one does other work in Python.

    Threads of one process that run Python take turns, and importing Keras is seconds of Python: beside it, looking
    at images in threads takes as long as doing one after the other. What the process leaves undone, if it cannot
    be started or dies, is done here.
    """
    done = 0
    for facts in _from_child(files, workers):
        done += 1
        yield facts
    if done < len(files):
        yield from inspect_files(files[done:], workers)


def _from_child(files: Sequence[str], workers: int) -> Iterator[FileFacts]:
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
    for facts in inspect_files(files, workers):
        # A pipe that nobody reads any more ends this process, and with it the look at what is left.
        pickle.dump(facts, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def inspect_file(path: str) -> FileFacts:
    """Read one file. What is wrong with it is a finding, and raises nothing."""
    content = kind = mode = ""
    width = height = 0
    try:
        with opening.reported(path), silenced():
            with opening.regular_file(path) as file:
                data = file.read()
            content = content_hash(data)
            with opening.identified(io.BytesIO(data)) as image:
                kind, mode, (width, height) = image.format or "", image.mode, image.size
            thumbnail, bits = _thumbnail(data)
            return FileFacts(content, kind, mode, width, height, thumbnail, bits=bits)
    except ImageError as error:
        return FileFacts(content, kind, mode, width, height, problem=error.reason)


def _thumbnail(data: bytes) -> tuple[bytes, int]:
    from PIL import Image

    from kerastl.images import Resize, open_image
    from kerastl.images._depth import BITS

    # Four pixels of the decoded image, or more, go into each of the sixteen.
    image = open_image(io.BytesIO(data), target=Resize(2 * THUMBNAIL_SIDE, 2 * THUMBNAIL_SIDE, "squash"))
    return image.resize((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX).tobytes(), image.info.get(BITS, 0)


def content_hashes(files: Sequence[Path], progress: CountCallback | None = None) -> list[str]:
    """Hash each file's bytes, in threads.

    Args:
        files: Which.
        progress: Called with the files done and their number, after each.

    Returns:
        Hashes of 32 hexadecimal digits, as `content_hash` gives them; empty where a file cannot be read.
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
