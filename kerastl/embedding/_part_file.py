"""What an embedding that was interrupted leaves: the vectors it has computed, so that the next goes on with them."""

from __future__ import annotations

import hashlib
import json
import os
import struct
import threading
import time
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from kerastl._base.files import open_regular
from kerastl.embedding._embedder import EmbeddedImage
from kerastl.errors import KerastlError, UsageError

if TYPE_CHECKING:
    from kerastl.embedding._formats import VectorsAbout

_FORMAT = "kerastl embed 1"
_HEADER = 1024  # bytes
_KEY = 16
_HASH = 16
_CHECKSUM = struct.Struct("<I")
_SECONDS_BETWEEN_FLUSHES = 2.0


@dataclass(frozen=True)
class _Kept:
    """Records of a file: the beginnings of their keys, ascending, and the place of each."""

    beginnings: np.ndarray
    places: np.ndarray


class PartFile:
    """The file: a header, then for each image a key, its content hash, its vector, and a checksum.

    The key is a hash of path, size and time, so that a file which has changed is not found. Nobody else may work with
    it for as long as it is open.

    Args:
        file: Made if it is not there. One of other vectors is begun anew.
        about: What the vectors are of.
        engine: What computes them: others may differ in the last bit.

    Raises:
        KerastlError: There is a file of this name that is none of these.
        UsageError: Another process works with it.
        OSError: It cannot be read or written.

    Attributes:
        count: Vectors that are there.
    """

    def __init__(self, file: Path, about: VectorsAbout, engine: str) -> None:
        self.file = file
        self._dtype = np.dtype(about.dtype)
        self._vector = self._dtype.itemsize * about.dimension
        self._record = _KEY + _HASH + self._vector + _CHECKSUM.size
        self._lock = threading.Lock()
        self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES
        self._stream = self._opened()
        try:
            self._begin(json.dumps({"format": _FORMAT, "engine": engine, **asdict(about)}).encode())
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

    def _begin(self, header: bytes) -> None:
        header = header[:_HEADER].ljust(_HEADER)
        found = self._stream.read(_HEADER)
        if found and not found.startswith(header[: header.index(_FORMAT.encode()) + len(_FORMAT)]):
            raise KerastlError(f"{self.file}: is no part of a file of kerastl embed; remove it, or take another output")
        if found != header:
            self._stream.truncate(0)
            self._stream.seek(0)
            self._stream.write(header)
            self._stream.flush()
        length = os.fstat(self._stream.fileno()).st_size
        self.count = (length - _HEADER) // self._record
        self._kept = self._read_keys()
        self._stream.truncate(_HEADER + self.count * self._record)  # half a record that a killed process left
        self._stream.seek(0, os.SEEK_END)

    def _read_keys(self) -> _Kept:
        if not self.count:
            return _Kept(np.zeros(0, np.uint64), np.zeros(0, np.int64))
        shape, strides = (self.count,), (self._record,)
        mapped = np.memmap(self._stream, np.uint8, "r", _HEADER, (self.count * self._record,))
        beginnings = np.ndarray(shape, "<u8", mapped, 0, strides).copy()
        order = np.argsort(beginnings, kind="stable")
        return _Kept(beginnings[order], order)

    def find(self, path: str) -> EmbeddedImage | None:
        """What is known of a file that has not changed since; threads may share this."""
        try:
            status = os.stat(path)  # noqa: PTH116 - paths stay text
        except (OSError, ValueError):
            return None
        key = _key(path, status.st_size, status.st_mtime_ns)
        beginning = np.frombuffer(key[:8], "<u8")[0]
        place = int(np.searchsorted(self._kept.beginnings, beginning, side="right")) - 1  # the last that was written
        if place < 0 or self._kept.beginnings[place] != beginning:
            return None
        with self._lock, self.file.open("rb") as stream:
            stream.seek(_HEADER + int(self._kept.places[place]) * self._record)
            record = stream.read(self._record)
        body, checksum = record[: -_CHECKSUM.size], record[-_CHECKSUM.size :]
        if not body.startswith(key) or _CHECKSUM.pack(zlib.crc32(body)) != checksum:
            return None
        vector = np.frombuffer(body[_KEY + _HASH :], self._dtype)
        content = body[_KEY : _KEY + _HASH].hex()
        return EmbeddedImage(path, content, status.st_size, status.st_mtime_ns, vector)

    def add(self, row: EmbeddedImage) -> None:
        """Keep a row that was computed."""
        assert row.vector is not None  # noqa: S101 - others are not kept
        key, content = _key(row.path, row.size, row.mtime_ns), bytes.fromhex(row.content)
        body = key + content + row.vector.astype(self._dtype, copy=False).tobytes()
        self._stream.write(body + _CHECKSUM.pack(zlib.crc32(body)))
        if time.monotonic() > self._next_flush:
            self._stream.flush()
            self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES

    def close(self) -> None:
        """Let others have it."""
        self._stream.close()

    def remove(self) -> None:
        """Remove it, since all is written."""
        self.file.unlink(missing_ok=True)


def _key(path: str, size: int, mtime_ns: int) -> bytes:
    text = f"{size} {mtime_ns} {path}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=_KEY).digest()
