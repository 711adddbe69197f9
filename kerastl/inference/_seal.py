"""Notes in a cache that only kerastl, run by the same user, can have written.

A folder's seal is a file with a secret that nobody else may read. Each note ends with a keyed hash of what it says, and
says its own name, so that a note which was changed, or put in another's place, counts as none.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kerastl._base import files, scratch

SEAL_FILE = ".kerastl"
_BYTES = 32
_NOTE = 1 << 16


class Seal:
    """What signs and checks the notes of a folder.

    Args:
        folder: The folder; the secret is made with the first note.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / SEAL_FILE

    def read(self, note: Path) -> dict[str, Any] | None:
        """Read a note; None unless it is there and was written by `write`."""
        try:
            values = json.loads(files.read_regular(note, _NOTE))
            secret = self._secret()
            if isinstance(values, dict) and secret is not None:
                given = values.pop("seal", None)
                if isinstance(given, str) and hmac.compare_digest(given.encode(), _sign(secret, note, values).encode()):
                    return values
        except (OSError, ValueError, RecursionError):
            pass
        return None

    def write(self, note: Path, values: dict[str, Any]) -> None:
        """Write a note.

        Raises:
            OSError: It cannot be written.
        """
        secret = self._secret() or self._make()
        clear_way(note)
        files.write_text(note, json.dumps({**values, "seal": _sign(secret, note, values)}))

    def _secret(self) -> bytes | None:
        try:
            content = files.read_regular(self._file, _BYTES, private=True)
        except (OSError, ValueError):
            return None
        return content if len(content) == _BYTES else None

    def _make(self) -> bytes:
        """Make the secret; of two processes that do so at once one goes first, and both use its."""
        temporary = scratch.beside(self._file)
        descriptor = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, stat.S_IRUSR | stat.S_IWUSR)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(os.urandom(_BYTES))
            if os.path.lexists(self._file) and self._secret() is None:
                self._file.unlink()  # whoever made it, it protects nothing
            try:
                os.link(temporary, self._file)
            except FileExistsError:
                pass
            except OSError:  # a file system without links
                temporary.replace(self._file)
        finally:
            temporary.unlink(missing_ok=True)
        secret = self._secret()
        if secret is None:
            raise OSError(None, "its secret cannot be kept", os.fspath(self._file))
        return secret


def clear_way(file: Path) -> None:
    """Remove a link or pipe that stands where a file of the cache is to be written: nothing is written through it.

    Raises:
        OSError: It cannot be removed.
    """
    if os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
        file.unlink()


def _sign(secret: bytes, note: Path, values: dict[str, Any]) -> str:
    text = json.dumps([note.name, values], sort_keys=True)
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


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
