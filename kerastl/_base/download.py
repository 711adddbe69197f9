"""What lies at a web address, within limits: no other kind of address, no more than it may be, and not for ever."""

from __future__ import annotations

import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from kerastl._base.text import brief
from kerastl._version import __version__

# Not pooch: it limits neither size nor time, and follows redirects from https to http.
MAX_REDIRECTIONS = 5
_WEB = ("http://", "https://")
_CHUNK = 1 << 20
_SILENCE = 30.0  # seconds without a byte after which a download counts as failed
# A server that keeps the line open with a byte now and then counts as failed as well.
_WINDOW, _LEAST = 60.0, 1 << 14

_Told = Callable[[int, "int | None"], None]
_T = TypeVar("_T")


class TooLargeError(ValueError):
    """There is more at an address than it may have."""


class CutOffError(ValueError):
    """A connection has ended before all was there."""


class LateError(TimeoutError):
    """Something takes longer than it may."""


def receive(url: str, path: Path, limit: int, progress: _Told | None = None, patience: float | None = None) -> None:
    """Write what an address gives to `path`.

    Args:
        url: The address, of http or https; what begins with https stays there.
        path: The file.
        limit: Bytes that it may have.
        progress: Told the bytes so far, and in all if known.
        patience: Seconds that the connection may take in all; None waits as long as something answers.

    Raises:
        ValueError: Less arrives than was announced, or more than `limit`; or a redirect leads where it may not.
        OSError: The connection fails, or is silent or very slow for long.
    """
    with _in_time(lambda: opened(url), patience) as answer, path.open("wb") as file:
        for chunk in body(answer, limit, progress):
            file.write(chunk)


def content(url: str, limit: int, seconds: float) -> bytes:
    """Get what an address gives.

    Args:
        url: As for `receive`.
        limit: Bytes that it may have.
        seconds: That all of it may take.

    Raises:
        ValueError: As for `receive`.
        OSError: As for `receive`, or it takes longer.
    """

    def work() -> bytes:
        with opened(url) as answer:
            return b"".join(body(answer, limit))

    return _in_time(work, seconds)


def body(answer: Any, limit: int, progress: _Told | None = None) -> Iterator[bytes]:
    """What a server sends, in pieces.

    Args:
        answer: Of `opened`.
        limit: Bytes that it may have.
        progress: As for `receive`.

    Raises:
        ValueError: As for `receive`.
        OSError: As for `receive`.
    """
    length = answer.headers.get("Content-Length", "")
    expected = int(length) if length.isdecimal() else None
    if expected is not None and expected > limit:
        raise TooLargeError(f"the server announces {expected:,} bytes; this file has no more than {limit:,}")
    received, since, before = 0, time.monotonic(), 0
    while chunk := answer.read1(_CHUNK):
        received += len(chunk)
        if received > limit:
            raise TooLargeError(f"the server sends more than {limit:,} bytes")
        yield chunk
        if progress:
            progress(received, expected)
        if (now := time.monotonic()) - since > _WINDOW:
            if received - before < _LEAST:
                raise TimeoutError(f"only {received - before:,} bytes arrived within {now - since:.0f} seconds")
            since, before = now, received
    if expected is not None and received != expected:
        raise CutOffError(f"the connection ended after {received:,} of {expected:,} bytes")


def _in_time(work: Callable[[], _T], seconds: float | None) -> _T:
    """Do something that may take so long, and no longer; None waits.

    A timeout of a connection holds for each address of the server and not at all for finding them, so that a network
    that swallows everything can keep it busy for minutes. Hence a thread, which is left behind.
    """
    if seconds is None:
        return work()
    answers: queue.SimpleQueue[tuple[_T, None] | tuple[None, Exception]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(), None))
        except Exception as error:  # whatever it is, the waiting thread must hear of it
            answers.put((None, error))

    threading.Thread(target=run, name="kerastl-fetch", daemon=True).start()
    try:
        answer, error = answers.get(timeout=seconds)
    except queue.Empty:
        raise LateError(f"no answer within {seconds:g} seconds") from None
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]


class _Redirections(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere in the web, but not from https to something that anyone on the way can change."""

    max_redirections = MAX_REDIRECTIONS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        fault = ""
        if not newurl.lower().startswith(_WEB):
            fault = f"the server leads to '{brief(newurl)}', which is no web address"
        elif req.full_url.startswith("https:") and not newurl.lower().startswith("https:"):
            fault = f"the server leads from https to '{brief(newurl)}'"
        if fault:
            if fp is not None:
                fp.close()
            raise ValueError(fault)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def opened(url: str, headers: Mapping[str, str] | None = None) -> Any:
    """The server's answer. What opens it knows http and https, and no file, no ftp and no data address."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirections(),
    ):
        opener.add_handler(handler)
    request = urllib.request.Request(url, headers={"User-Agent": f"kerastl/{__version__}", **(headers or {})})  # noqa: S310
    return opener.open(request, timeout=_SILENCE)


def failure(error: Exception) -> str:
    """What went wrong, as a short phrase: the server's words, or the system's."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in range(300, 400):
            return f"the server redirects more than {MAX_REDIRECTIONS} times, or in a circle"
        return brief(f"the server answers {error.code} {error.reason}")
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return brief(str(text).splitlines()[0])
