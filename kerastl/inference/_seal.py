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
