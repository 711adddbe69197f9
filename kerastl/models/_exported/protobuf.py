"""The fields of a protocol buffer, one after the other, without a library and without reading what they hold."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from typing import NamedTuple

from kerastl.errors import ModelError

_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
_FIXED = {_FIXED_64: 8, _FIXED_32: 4}
_LONGEST = 10  # bytes of a varint


class Field(NamedTuple):
    """One field.

    Args:
        number: As the format's definition counts.
        start: Where its content begins in the file; of a number, the number itself.
        end: Where its content ends; of a number, 0.
    """

    number: int
    start: int
    end: int


class Fields:
    """The fields of a message and of those inside it, up to a limit in all.

    Args:
        data: The file.
        most: How many fields are read.
    """

    def __init__(self, data: mmap.mmap, most: int) -> None:
        self._data = data
        self._left = most

    def of(self, start: int, end: int) -> Iterator[Field]:
        """Go through one message.

        Args:
            start: Where it begins in the file.
            end: Where it ends.

        Raises:
            ModelError: It is no protocol buffer, or there are too many fields.
        """
        at = start
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise ModelError("it has more parts than any network")
            key, at = self._varint(at, end)
            number, kind = key >> 3, key & 7
            if kind == _VARINT:
                value, at = self._varint(at, end)
                yield Field(number, value, 0)
                continue
            size = _FIXED.get(kind, -1)
            if kind == _BYTES:
                size, at = self._varint(at, end)
            if size < 0 or at + size > end:
                raise _broken()
            yield Field(number, at, at + size)
            at += size

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value = 0
        for place in range(_LONGEST):
            if at + place >= end:
                break
            byte = self._data[at + place]
            value |= (byte & 0x7F) << 7 * place
            if byte < 0x80:
                return value, at + place + 1
        raise _broken()


def _broken() -> ModelError:
    return ModelError("it is no protocol buffer, is incomplete or was changed")
