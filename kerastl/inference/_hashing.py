"""What is in a file, as a hash that is computed once a version of the file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from kerastl.inference._seal import Seal


def stamp(path: Path) -> list[int]:
    """What changes when a file does: size, times, inode.

    The change time cannot be set by a program, so that a file which was rewritten and then given its old
    modification time is noticed as well.
    """
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def sha256(path: Path) -> str:
    """Hash a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def remembered_sha256(path: Path, memory: Path, seal: Seal, compute: Callable[[Path], str] | None = None) -> str:
    """Hash a file's content, or recall the hash where the file has not changed since.

    Args:
        path: The file.
        memory: The folder that holds what was hashed before. Where it cannot be written, nothing is remembered.
        seal: Of the notes in it.
        compute: Hashes the file; all of its bytes if not given. Always the same for one file.

    Returns:
        The SHA-256 as 64 hexadecimal digits.
    """
    path = path.resolve()
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    note = memory / f"{name}.json"
    now = stamp(path)
    known = seal.read(note)
    if known is not None and known.get("stamp") == now and len(str(known.get("sha256"))) == 64:
        return known["sha256"]
    found = (compute or sha256)(path)
    with suppress(OSError):
        memory.mkdir(mode=0o700, parents=True, exist_ok=True)
        seal.write(note, {"stamp": now, "sha256": found})
    return found
