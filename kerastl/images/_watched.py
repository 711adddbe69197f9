"""Files that give nothing more to whoever has worked on them for too long: the last resort against costly images.

A decoder that runs in a thread cannot be stopped from outside. But nearly all that is written in Python reads as it
goes, as do the decoders of the most common formats, and here they are told that it is enough. What reads a file in one
go (TIFF, WebP, AVIF, JPEG 2000) is held by `kerastl.images._limits` alone.
"""

from __future__ import annotations

import io
import time

from kerastl.images._limits import RefusedError

MAX_SECONDS = 30.0
"""Of the processor's time in one thread; waiting does not count. The costliest honest image takes about 10."""


class _Watched(io.BufferedIOBase):
    def __init__(self, source: object) -> None:
        super().__init__(source)  # type: ignore[call-arg]
        self._end = time.thread_time() + MAX_SECONDS

    def read(self, size: int | None = -1, /) -> bytes:
        if time.thread_time() > self._end:
            raise RefusedError(f"too costly: more than {MAX_SECONDS:g} seconds of work")
        return super().read(size)


class WatchedFile(_Watched, io.BufferedReader):
    """A file that is open; takes a raw stream."""


class WatchedBytes(_Watched, io.BytesIO):
    """A file in memory; takes its bytes."""
