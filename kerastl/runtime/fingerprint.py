"""What is in a file, as a hash that is computed once a version of the file."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from kerastl import files


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


def remembered_sha256(path: Path, memory: Path, compute: Callable[[Path], str] | None = None) -> str:
    """Hash a file's content, or recall the hash where the file has not changed since.

    Args:
        path: The file.
        memory: The folder that holds what was hashed before. Where it cannot be written, nothing is remembered.
        compute: Hashes the file; all of its bytes if not given. Always the same for one file.

    Returns:
        The SHA-256 as 64 hexadecimal digits.
    """
    path = path.resolve()
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    note = memory / f"{name}.json"
    now = stamp(path)
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["stamp"] == now and len(known["sha256"]) == 64:
            return known["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    found = (compute or sha256)(path)
    try:
        memory.mkdir(parents=True, exist_ok=True)
        files.write_text(note, json.dumps({"stamp": now, "sha256": found}))
    except OSError:
        pass
    return found
