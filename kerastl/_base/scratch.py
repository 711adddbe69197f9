"""Files and folders that are there for a moment: how they are called, and how they go, also when a process is killed.

A name holds the number of the process and its machine, so that the next process which works in the same folder knows
what nobody will come back for, and removes it.
"""

from __future__ import annotations

import os
import re
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerastl._base import processes

UNFINISHED = r"\.\d+-[0-9a-f]{8,16}\."
"""What the name of a file that is being written begins with; the end of the target's name follows."""

_OWNER = r"(?P<process>\d{1,10})-(?P<host>[0-9a-f]{8})[0-9a-f]{8}"
_FILE = re.compile(rf"\.{_OWNER}\..+")
_FOLDER = re.compile(rf"kerastl-{_OWNER}")
# Of the target's name, which a temporary one ends with: with more, it might be too long for the file system.
_TAIL = 40
# Of other machines that share a folder nothing is known; what nobody has touched for so long is left over.
_SECONDS = 7 * 24 * 3600.0
_began = time.time()
_tidied: set[tuple[re.Pattern[str], int, int]] = set()  # for what, and which folders


def beside(target: Path) -> Path:
    """A new name in the folder of a file, for writing it; removes what killed processes left there."""
    _remove_left_over(target.parent, _FILE)
    return target.with_name(f".{_owner()}.{target.name[-_TAIL:]}")


def is_temporary_folder(name: str) -> bool:
    """Whether a folder of this name is there for a moment, or was left by a process that was killed."""
    return _FOLDER.fullmatch(name) is not None


def tidy(folder: Path) -> None:
    """Remove what killed processes left in a folder when they wrote files, so that it can be removed itself."""
    with suppress(OSError):
        _remove_all(folder, _FILE)


@contextmanager
def temporary_folder(place: Path | None = None) -> Iterator[Path]:
    """Make a folder that is gone after the block, and after SIGTERM and Ctrl-C.

    Args:
        place: The folder that it is made in; that of the system's temporary files if `None`.
    """
    import shutil
    import tempfile

    place = Path(tempfile.gettempdir()) if place is None else place
    _remove_left_over(place, _FOLDER)
    with tidy_when_terminated():
        folder = place / f"kerastl-{_owner()}"
        try:
            folder.mkdir(mode=0o700)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def tidy_when_terminated() -> Iterator[None]:
    """Let SIGTERM end the process the way an exception does, so that half a file is removed.

    Nothing happens where the program has its own way with it, or outside the main thread.
    """
    mine = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if mine:
        signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        if mine:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _owner() -> str:
    return f"{os.getpid()}-{processes.host()}{os.urandom(4).hex()}"


def _remove_left_over(folder: Path, names: re.Pattern[str]) -> None:
    """Remove what is called like this and belongs to a process that is gone; once in each folder."""
    with suppress(OSError):
        status = folder.stat()
        done = (names, status.st_dev, status.st_ino)
        if done in _tidied:
            return
        _tidied.add(done)
        _remove_all(folder, names)


def _remove_all(folder: Path, names: re.Pattern[str]) -> None:
    with os.scandir(folder) as entries:
        found = [(Path(entry.path), match) for entry in entries if (match := names.fullmatch(entry.name))]
    for path, match in found:
        with suppress(OSError):
            status = path.lstat()
            if _is_mine(status) and _is_left_over(match, status.st_mtime):
                _remove(path, status)


def _is_mine(status: os.stat_result) -> bool:
    return not hasattr(os, "geteuid") or status.st_uid == os.geteuid()


def _is_left_over(owner: re.Match[str], changed: float) -> bool:
    number = int(owner["process"])
    if owner["host"] != processes.host():
        return time.time() - changed > _SECONDS
    if number == os.getpid():  # numbers are used again, in containers at once
        return changed < _began
    return not processes.alive(number)


def _remove(path: Path, status: os.stat_result) -> None:
    import shutil

    if stat.S_ISDIR(status.st_mode):
        if _FOLDER.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)
    else:  # of a link the link itself
        path.unlink()
