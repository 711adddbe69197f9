"""One at a time: threads of this process, and processes of this machine."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Not filelock: it says nothing while it waits, and leaves to its callers what is done where there are no locks.
# Longer than the largest network takes; whoever holds the lock for longer is not waited for.
_PATIENCE = 600.0
_PAUSE = 0.1

_threads: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_guard = threading.Lock()

log = logging.getLogger("kerastl")


@contextmanager
def locked(file: Path, what: str) -> Iterator[None]:
    """Hold a lock while the block runs. Where the system has none, only the threads of this process wait.

    Args:
        file: Stands for the lock; made if it is not there, and left.
        what: What is done meanwhile, for the line that is logged when another process does it.
    """
    with _guard:
        mine = _threads[os.fspath(file.absolute())]
    with mine:
        descriptor = _of_processes(file, what)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)


def _of_processes(file: Path, what: str) -> int | None:
    """Wait for the other processes; the descriptor that holds the lock, or None where there is no lock."""
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = None
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
        end, said = time.monotonic() + _PATIENCE, False
        while time.monotonic() < end:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return descriptor
            if not said:
                log.info("%s: another process is at it; waiting", what)
                said = True
            time.sleep(_PAUSE)
    except OSError:
        pass
    if descriptor is not None:
        os.close(descriptor)
    return None
