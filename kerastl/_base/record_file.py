"""A file of records of one size, each with a key and a checksum: what interrupted work leaves for the next to go on."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
import zlib
from collections.abc import Generator, Mapping
from functools import cached_property
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kerastl._base.files import open_regular
from kerastl.errors import KerastlError, UsageError

if TYPE_CHECKING:
    import numpy as np

KEY = 16
"""Bytes of a key."""
_HEADER = 1024  # bytes
_CHECKSUM = struct.Struct("<I")
_BLOCK = 4096  # records that are read together


def key_of(text: str) -> bytes:
    """The key of a text, which may hold bytes of a file's name that are no text."""
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=KEY).digest()


class RecordFile:
    """The file: a header, then records of a key, a payload, and a checksum of both.

    Half a record at the end, which a killed process has left, is cut off. Nobody else may work with the file for as
    long as it is open. One thread may add records while others find those that were there before.

    Args:
        file: Made if it is not there. One with another header is begun anew.
        kind: What the file is, and the version of its format: the beginning of the header.
        about: What the records depend on.
        payload: Bytes of a record beside its key.
        owner: What such a file is a part of, for messages.

    Raises:
        KerastlError: There is a file of this name that is of another kind.
        UsageError: Another process works with it.
        OSError: It cannot be read or written.

    Attributes:
        count: Records that were there when it was opened.
    """

    def __init__(self, file: Path, kind: str, about: Mapping[str, Any], payload: int, owner: str) -> None:
        self.file = file
        self._record = KEY + payload + _CHECKSUM.size
        self._lock = threading.Lock()
        self._stream = self._opened()
        try:
            self._begin(kind, json.dumps({"format": kind, **about}).encode(), owner)
        except BaseException:
            self._stream.close()
            raise

    def _opened(self) -> IO[bytes]:
        try:
            stream = open_regular(self.file, os.O_RDWR | os.O_CREAT)
        except ValueError:
            raise KerastlError(f"{self.file}: is no regular file; remove it") from None
        try:
            import fcntl

            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:
            pass
        except BlockingIOError:
            stream.close()
            raise UsageError(f"{self.file}: another process is at it; take another output") from None
        return stream

    def _begin(self, kind: str, header: bytes, owner: str) -> None:
        header = header[:_HEADER].ljust(_HEADER)
        found = self._stream.read(_HEADER)
        if found and not found.startswith(header[: header.index(kind.encode()) + len(kind)]):
            raise KerastlError(f"{self.file}: is no part of {owner}; remove it, or take another output")
        if found != header:
            self._stream.truncate(0)
            self._stream.seek(0)
            self._stream.write(header)
            self._stream.flush()
        self.keep((os.fstat(self._stream.fileno()).st_size - _HEADER) // self._record)

    def keep(self, count: int) -> None:
        """Keep so many of the records that were there, and none after them; before any is found or added."""
        self.count = count
        self._stream.truncate(_HEADER + count * self._record)
        self._stream.seek(0, os.SEEK_END)

    @cached_property
    def _index(self) -> tuple[np.ndarray, np.ndarray]:
        """The beginnings of the keys that were there, ascending, and the place of each."""
        import numpy as np

        if not self.count:
            return np.zeros(0, np.uint64), np.zeros(0, np.int64)
        mapped = np.memmap(self._stream, np.uint8, "r", _HEADER, (self.count * self._record,))
        beginnings = np.ndarray((self.count,), "<u8", mapped, 0, (self._record,)).copy()
        order = np.argsort(beginnings, kind="stable")
        return beginnings[order], order

    def places(self, key: bytes) -> list[int]:
        """Where records with this key may lie, the last that was written first; threads may share this."""
        import numpy as np

        with self._lock:
            beginnings, order = self._index
        beginning = np.frombuffer(key[:8], "<u8")[0]
        first, after = (int(np.searchsorted(beginnings, beginning, side)) for side in ("left", "right"))
        return order[first:after][::-1].tolist()

    def read(self, place: int) -> tuple[bytes, bytes] | None:
        """The key and the payload of a record; None if it is damaged. Threads may share this."""
        with self._lock, self.file.open("rb") as stream:
            stream.seek(_HEADER + place * self._record)
            return self._checked(stream.read(self._record))

    def records(self) -> Generator[tuple[bytes, bytes] | None, None, None]:
        """All that were there, in their order, as `read` gives them."""
        with self.file.open("rb") as stream:
            stream.seek(_HEADER)
            for start in range(0, self.count, _BLOCK):
                block = stream.read(min(_BLOCK, self.count - start) * self._record)
                for place in range(0, len(block), self._record):
                    yield self._checked(block[place : place + self._record])

    def _checked(self, record: bytes) -> tuple[bytes, bytes] | None:
        body, checksum = record[: -_CHECKSUM.size], record[-_CHECKSUM.size :]
        return (body[:KEY], body[KEY:]) if _CHECKSUM.pack(zlib.crc32(body)) == checksum else None

    def find(self, key: bytes) -> bytes | None:
        """The payload of the last record with this key; None if there is none, or it is damaged."""
        found = (self.read(place) for place in self.places(key))
        return next((record[1] for record in found if record is not None and record[0] == key), None)

    def add(self, key: bytes, payload: bytes = b"") -> None:
        """Add a record."""
        body = key + payload
        self._stream.write(body + _CHECKSUM.pack(zlib.crc32(body)))

    def flush(self, to_disk: bool = False) -> None:
        """Hand what was added to the system; `to_disk` waits until it is there."""
        self._stream.flush()
        if to_disk:
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Let others have it."""
        self._stream.close()

    def remove(self) -> None:
        """Remove it, since all is written."""
        self.file.unlink(missing_ok=True)
