"""What an embedding that was interrupted leaves: the vectors it has computed, so that the next goes on with them."""

from __future__ import annotations

import os
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerastl._base.record_file import RecordFile, key_of
from kerastl.embedding._embedder import EmbeddedImage

if TYPE_CHECKING:
    from kerastl.embedding._formats import VectorsAbout

_FORMAT = "kerastl embed 1"
_HASH = 16
_SECONDS_BETWEEN_FLUSHES = 2.0


class PartFile:
    """Records of the content hash and the vector of an image.

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
        payload = _HASH + self._dtype.itemsize * about.dimension
        whole = "a file of kerastl embed"
        self._records = RecordFile(file, _FORMAT, {"engine": engine, **asdict(about)}, payload, whole)
        self.count = self._records.count
        self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES

    def find(self, path: str) -> EmbeddedImage | None:
        """What is known of a file that has not changed since; threads may share this."""
        try:
            status = os.stat(path)  # noqa: PTH116 - paths stay text
        except (OSError, ValueError):
            return None
        return self._found(EmbeddedImage(path, size=status.st_size, mtime_ns=status.st_mtime_ns))

    def find_stored(self, image: EmbeddedImage) -> EmbeddedImage | None:
        """What is known of an image in an archive or a store, if its content is the same; threads may share this."""
        found = self._found(image)
        return found if found is not None and found.content == image.content else None

    def _found(self, image: EmbeddedImage) -> EmbeddedImage | None:
        found = self._records.find(_key(image.path, image.size, image.mtime_ns))
        if found is None:
            return None
        return replace(image, content=found[:_HASH].hex(), vector=np.frombuffer(found[_HASH:], self._dtype))

    def add(self, row: EmbeddedImage) -> None:
        """Keep a row that was computed."""
        assert row.vector is not None  # noqa: S101 - others are not kept
        content, vector = bytes.fromhex(row.content), row.vector.astype(self._dtype, copy=False).tobytes()
        self._records.add(_key(row.path, row.size, row.mtime_ns), content + vector)
        if time.monotonic() > self._next_flush:
            self._records.flush()
            self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES

    def close(self) -> None:
        """Let others have it."""
        self._records.close()

    def remove(self) -> None:
        """Remove it, since all is written."""
        self._records.remove()


def _key(path: str, size: int, mtime_ns: int) -> bytes:
    return key_of(f"{size} {mtime_ns} {path}")
