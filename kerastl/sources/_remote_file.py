"""A file in a store or in the web, read by ranges: blocks of it are fetched ahead, and again where that fails."""

from __future__ import annotations

import io
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from kerastl.images._limits import MEBIBYTE
from kerastl.sources._fetching import fetcher
from kerastl.sources._limits import EndsHereError
from kerastl.sources._retry import retried, why

BLOCK = 4 * MEBIBYTE
_KEPT = 4  # blocks


@dataclass(frozen=True)
class RemoteObject:
    """Something that lies elsewhere.

    Args:
        name: What outputs call it.
        size: Bytes.
        fetch: From a first byte to one behind the last; one attempt, and never less than was asked for.
        mtime_ns: When it was last written, in nanoseconds since 1970; 0 where that is not known.
        version: What changes when it does; empty where nothing is known of that.
    """

    name: str
    size: int
    fetch: Callable[[int, int], bytes]
    mtime_ns: int = 0
    version: str = ""

    def opened(self) -> io.BufferedReader:
        """It as a file, which can seek."""
        return io.BufferedReader(_RemoteFile(self))


class _RemoteFile(io.RawIOBase):
    def __init__(self, remote: RemoteObject) -> None:
        self._remote = remote
        self._blocks: OrderedDict[int, Future[bytes]] = OrderedDict()
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._remote.size}[whence]
        if start + offset < 0:
            raise ValueError("a place before the beginning")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        number, place = divmod(self._position, BLOCK)
        if self._position >= self._remote.size:
            return 0
        piece = memoryview(self._block(number))[place : place + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _block(self, number: int) -> bytes:
        goes_on = number - 1 in self._blocks
        wanted = self._asked(number)
        if goes_on and (number + 1) * BLOCK < self._remote.size:
            self._asked(number + 1)
        self._blocks.move_to_end(number)
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        try:
            return wanted.result()
        except Exception as error:
            raise EndsHereError(why(error)) from error

    def _asked(self, number: int) -> Future[bytes]:
        if number not in self._blocks:
            start = number * BLOCK
            end = min(start + BLOCK, self._remote.size)
            self._blocks[number] = fetcher.submit(lambda: retried(lambda: self._remote.fetch(start, end)))
        return self._blocks[number]
