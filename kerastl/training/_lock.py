"""One run at a time in a folder: a file that names the process which works there."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerastl._base import files, processes
from kerastl._base.text import printable
from kerastl.errors import UsageError
from kerastl.training._callback import RunCallback

LOCK = ".kerastl-lock"
_LARGEST = 4096  # bytes; a lock has some 150
_SECONDS_TO_WRITE = 10.0


@contextmanager
def locked(folder: Path, callback: RunCallback) -> Iterator[None]:
    """Keep other runs out of a folder, which must exist, for as long as the block takes.

    The lock of a process that is gone is taken over. Where no file can be made, nobody is kept out: the run itself
    will say that it cannot write, if it cannot.

    Args:
        folder: The run folder.
        callback: Hears of a lock that was taken over.

    Raises:
        UsageError: Another process works there, or did on another machine.
    """
    lock, mine = folder / LOCK, _this_process()
    try:
        _acquire(lock, mine, callback)
    except OSError:
        yield
        return
    try:
        yield
    finally:
        if _read(lock) == mine:  # not one that somebody took over by hand
            try:
                lock.unlink(missing_ok=True)
            except OSError as error:
                callback.warn(f"{printable(str(lock))} cannot be removed ({error.strerror})")


def _acquire(lock: Path, mine: dict[str, Any], callback: RunCallback) -> None:
    for _ in range(2):
        try:
            _create(lock, mine)
            return
        except FileExistsError:
            holder = _read(lock)
            if _works(holder) if holder is not None else _just_made(lock):
                raise UsageError(_in_use(lock, holder)) from None
            callback.say(f"the lock of {_described(holder)} is taken over: that process has ended")
            lock.unlink(missing_ok=True)
    raise UsageError(f"{printable(str(lock.parent))} has just been taken by another process")


def _create(lock: Path, mine: dict[str, Any]) -> None:
    descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        os.write(descriptor, json.dumps(mine).encode())
    finally:
        os.close(descriptor)


def _read(lock: Path) -> dict[str, Any] | None:
    """What a lock says; None where it is gone, or no lock of kerastl's."""
    try:
        found = json.loads(files.read_regular(lock, _LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and isinstance(found.get("process"), int) else None


def _this_process() -> dict[str, Any]:
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    return {"process": os.getpid(), "host": socket.gethostname(), "since": since, "start": processes.start(os.getpid()),
            "boot": processes.boot()}  # fmt: skip


def _works(holder: dict[str, Any]) -> bool:
    """Whether the process that wrote a lock may still be at work."""
    if holder.get("host") != socket.gethostname():
        return True  # nothing can be known of it
    if holder.get("boot") != processes.boot():
        return False
    number = holder["process"]
    if not processes.alive(number):
        return False
    # Numbers of processes are used again.
    return holder.get("start") == processes.start(number)


def _just_made(lock: Path) -> bool:
    """Whether a lock that says nothing may be one that is being written."""
    try:
        return abs(time.time() - lock.stat().st_mtime) < _SECONDS_TO_WRITE
    except OSError:
        return False


def _described(holder: dict[str, Any] | None) -> str:
    if holder is None:
        return "an unknown process"
    host, since = (printable(str(holder.get(name, "unknown")))[:60] for name in ("host", "since"))
    return f"process {holder['process']} on {host} since {since}"


def _in_use(lock: Path, holder: dict[str, Any] | None) -> str:
    here = holder is None or holder.get("host") == socket.gethostname()
    hint = "wait for it, or take another folder" if here else f"if it has ended, remove {printable(str(lock))}"
    return f"{printable(str(lock.parent))} is in use by {_described(holder)}: {hint}"
