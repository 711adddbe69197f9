"""Which images are done: each has one row, however often the work is begun anew."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kerastl._base.record_file import RecordFile, key_of
from kerastl.errors import KerastlError

_KIND = "kerastl results 1"


class DoneImages:
    """The names of the images that are done, as hashes in a file, in the order of their rows.

    As long as images come in that order again, none of the names is in memory. From the first on that does not, 8 bytes
    an image are: where images were added, moved or removed since.

    Args:
        file: Made if it is not there.
        count: How many are done; what the file has beyond that belongs to a part that was never finished.

    Raises:
        KerastlError: The file has fewer.
        UsageError: Another process works with it.
    """

    def __init__(self, file: Path, count: int) -> None:
        self._records = RecordFile(file, _KIND, {}, 0, "a folder of results")
        if self._records.count < count:
            found = self._records.count
            self._records.close()
            raise KerastlError(f"{file}: knows {found:,} of the {count:,} images that are done: take another folder")
        self._records.keep(count)
        self._in_order = self._records.records()
        self._next = 0  # in that order
        self._expected = self._following()
        self._taken: bytearray | None = None  # of each image whether it has come already, once the order is another

    def _following(self) -> bytes | None:
        """The key of the next image in the order of the rows."""
        return next((self._key(record) for record in self._in_order), None)

    def _key(self, record: tuple[bytes, bytes] | None) -> bytes:
        if record is None:
            raise KerastlError(f"{self._records.file}: is damaged: take another folder")
        return record[0]

    def take(self, name: str) -> bool:
        """Whether an image is done; one that is named twice must be done twice."""
        if self._next == self._records.count:
            return False
        key = key_of(name)
        if self._taken is None:
            if key == self._expected:
                self._next += 1
                self._expected = self._following()
                return True
            for record in self._in_order:  # the rest, where damage would hide an image
                self._key(record)
            self._taken = bytearray(self._records.count)
            self._taken[: self._next] = b"\1" * self._next
        for place in self._records.places(key):
            if not self._taken[place] and self._key(self._records.read(place)) == key:
                self._taken[place] = 1
                return True
        return False

    def add(self, keys: Iterable[bytes]) -> None:
        """Note that the images with these keys are done; on the disk when this returns."""
        for key in keys:
            self._records.add(key)
        self._records.flush(to_disk=True)

    def close(self) -> None:
        """Let others have the file."""
        self._in_order.close()
        self._records.close()
