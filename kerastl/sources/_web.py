"""Files in the web: by ranges where the server gives them, else from the beginning to the end."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from kerastl._base import download
from kerastl.images._limits import RefusedError
from kerastl.sources._addresses import shown
from kerastl.sources._limits import EndsHereError
from kerastl.sources._remote_file import RemoteObject
from kerastl.sources._retry import ATTEMPTS, let_go, may_pass, retried, why

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


def opened_web_file(url: str, seeks: bool) -> Any:
    """Open a file in the web.

    Args:
        url: Of http or https.
        seeks: Whether it is read in any order.

    Raises:
        RefusedError: The server gives no ranges, which that needs; or the address has a password in it.
        Exception: It cannot be had.
    """
    found = web_object(url)
    if found is not None:
        return found.opened()
    if seeks:
        raise RefusedError("its server does not give parts of files, which this kind needs; download it first")
    return io.BufferedReader(_Sequential(url))


def web_object(url: str) -> RemoteObject | None:
    """Find a file in the web; None where its server gives no ranges. It raises as `opened_web_file` does."""
    if "@" in urlsplit(url).netloc:
        raise RefusedError("an address with a password in it is not fetched")
    return retried(lambda: _look(url))


def _look(url: str) -> RemoteObject | None:
    """What the server says of a file; None where it gives no ranges."""
    with download.opened(url, {"Range": "bytes=0-0"}) as answer:
        said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status != 206 or said is None:
            return None
        version, mtime_ns = _version(answer), _mtime_ns(answer)
    return RemoteObject(
        shown(url), int(said[3]), lambda start, end: _fetch(url, start, end, version), mtime_ns, version
    )


def _fetch(url: str, start: int, end: int, version: str) -> bytes:
    with download.opened(url, {"Range": f"bytes={start}-{end - 1}"}) as answer:
        said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status != 206 or said is None or (int(said[1]), int(said[2]) + 1) != (start, end):
            raise RefusedError("its server gave other bytes than were asked for")
        if _version(answer) != version:
            raise RefusedError("it was changed while it was read")
        content = b"".join(download.body(answer, end - start))
    if len(content) < end - start:
        raise download.CutOffError(f"the connection ended after {len(content):,} of {end - start:,} bytes")
    return content


def _version(answer: Any) -> str:
    return answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""


def _mtime_ns(answer: Any) -> int:
    try:
        return int(parsedate_to_datetime(answer.headers.get("Last-Modified", "")).timestamp()) * 10**9
    except (ValueError, TypeError, OverflowError):
        return 0


class _Sequential(io.RawIOBase):
    """A file from a server without ranges: where the connection ends early, what was read is read over again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._received = 0
        self._failures = 0
        self._rest = b""
        self._pieces = self._from(0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = self._next()
        piece, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _next(self) -> bytes:
        try:
            piece = next(self._pieces, b"")
        except Exception as error:
            let_go(error)
            self._failures += 1
            if self._failures >= ATTEMPTS or not may_pass(error):
                raise EndsHereError(why(error)) from error
            self._pieces = self._from(self._received)
            return self._next()
        self._received += len(piece)
        return piece

    def _from(self, place: int) -> Iterator[bytes]:
        answer = retried(lambda: download.opened(self._url))
        with answer:
            for piece in download.body(answer, 1 << 60):
                if place < len(piece):
                    yield piece[place:]
                place = max(0, place - len(piece))

    def close(self) -> None:
        """Let the server go."""
        self._pieces.close()  # type: ignore[attr-defined]
        super().close()
