"""One store of rows: a memory-mapped file of numbers, and the list beside it that vouches for them."""

from __future__ import annotations

import math
import os
import time
import zlib
from pathlib import Path

import numpy as np

from kerastl._base import files
from kerastl._base.text import printable
from kerastl.training._callback import RunCallback
from kerastl.training._disk import called

ARRAY = "features.npy"
LIST = "rows.txt"
STORE_FILES = called([r"features\.npy", r"rows\.txt"])
"""Matches the names of a store's files."""

_SECONDS_BETWEEN_FLUSHES = 5.0
_CHECKSUM = 8  # hexadecimal digits
# Whatever is wrong with a file: NumPy has many words for it.
_BROKEN = (OSError, ValueError, EOFError, TypeError, SyntaxError, OverflowError, MemoryError)


class FeatureStore:
    """The file of one store, and the list beside it: of each row a checksum, and the content it was computed from.

    What is there already is checked: numbers that are not those that were written are forgotten, which is said.

    Args:
        folder: Made if it does not exist.
        rows: How many there are to be.
        dtype: Of the numbers.
        shape: Of a row, where it is known.
        callback: Hears of what is damaged.
    """

    def __init__(
        self, folder: Path, rows: int, dtype: np.dtype, shape: tuple[int, ...] | None, callback: RunCallback
    ) -> None:
        self._file = folder / ARRAY
        self._list = folder / LIST
        self._rows = rows
        self._dtype = dtype
        self._shape = shape
        self._array: np.memmap | None = None
        self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES
        folder.mkdir(parents=True, exist_ok=True)
        self.result: list[str] = []
        self._checksums: list[str] = []
        if self._file.is_file():
            self._read(callback)
        self.lines = tuple(self.result)

    @property
    def array(self) -> np.ndarray:
        """The numbers, `(rows, ...)`; rows of length 0 where there are none."""
        return self._array if self._array is not None else np.zeros((self._rows, 0), self._dtype)

    def put(self, row: int, line: str, feature: np.ndarray | None) -> None:
        """Set a row, in their order: what it was computed from, and its numbers unless they are there already."""
        checksum = self._checksums[row] if row < len(self._checksums) else ""
        if feature is not None:
            if self._array is None:
                self._array = self._allocate(feature.shape)
            values = np.ascontiguousarray(feature, self._dtype)
            self._array[row] = values
            checksum = _checksum(values)
        if row < len(self.result):
            self.result[row], self._checksums[row] = line, checksum
        else:
            self.result.append(line)
            self._checksums.append(checksum)
        if time.monotonic() > self._next_flush:
            self.flush()

    def flush(self) -> None:
        """Write the numbers, then the list that vouches for them."""
        if self._array is not None:
            self._array.flush()
        lines = zip(self._checksums, self.result, strict=True)
        files.write_text(self._list, "".join(f"{checksum:{_CHECKSUM}} {line}\n" for checksum, line in lines))
        self._next_flush = time.monotonic() + _SECONDS_BETWEEN_FLUSHES

    def _allocate(self, shape: tuple[int, ...]) -> np.memmap:
        array = np.lib.format.open_memmap(self._file, "w+", self._dtype, (self._rows, *shape))
        # A full disk is an error here and not a crash at the first write into the mapping.
        if hasattr(os, "posix_fallocate"):
            try:
                with self._file.open("rb+") as stream:
                    os.posix_fallocate(stream.fileno(), 0, self._file.stat().st_size)
            except OSError:
                self._file.unlink()
                raise
        return array

    def _read(self, callback: RunCallback) -> None:
        """Take what is known of the rows; nothing when the file is not what this store needs."""
        try:
            array = _mapped(self._file)
            text = self._list.read_text(encoding="utf-8").splitlines() if self._list.is_file() else []
        except _BROKEN as error:
            self._say(callback, f"the features kept there cannot be read ({str(error).partition(chr(10))[0][:200]})")
            return
        if array.shape[:1] != (self._rows,) or array.dtype != self._dtype or self._shape not in (None, array.shape[1:]):
            return
        self._array = array
        damaged = 0
        for row, line in enumerate(text[: self._rows]):
            checksum, content = line[:_CHECKSUM].strip(), line[_CHECKSUM + 1 :]
            if _checksum(array[row]) != checksum:
                damaged += bool(checksum)
                checksum = content = ""
            self._checksums.append(checksum)
            self.result.append(content)
        if damaged:
            self._say(callback, f"{damaged} of {self._rows} rows kept there are damaged")

    def _say(self, callback: RunCallback, what: str) -> None:
        callback.warn(f"{printable(str(self._file.parent))}: {printable(what)}; they are computed anew")


def _mapped(file: Path) -> np.memmap:
    """Map an array; raises one of `_BROKEN`. NumPy itself would lengthen a file that is too short, with zeros."""
    with file.open("rb") as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("it is of another format")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        start = stream.tell()
        if fortran or dtype.hasobject or start + math.prod(shape) * dtype.itemsize != os.fstat(stream.fileno()).st_size:
            raise ValueError("its length is not what its header says")
    return np.memmap(file, dtype, "r+", start, shape)


def _checksum(row: np.ndarray) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(row).data):0{_CHECKSUM}x}"
