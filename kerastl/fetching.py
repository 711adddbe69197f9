"""Download a file: over https all the way, no larger than it may be, and not for ever."""

from __future__ import annotations

import queue
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from kerastl._version import __version__

_CHUNK = 1 << 20
_SILENCE = 30.0  # seconds without a byte after which a download counts as failed
# A server that keeps the line open with a byte now and then counts as failed as well.
_WINDOW, _LEAST = 60.0, 1 << 14


class _HttpsStays(urllib.request.HTTPRedirectHandler):
    """Follows a server elsewhere, but not from https to something that anyone on the way can change."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.full_url.startswith("https:") and not newurl.startswith("https:"):
            raise ValueError(f"the server leads from https to {newurl[:200]!r}")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def receive(
    url: str,
    path: Path,
    limit: int,
    progress: Callable[[int, int | None], None] | None = None,
    patience: float | None = None,
) -> None:
    """Write what an address gives to `path`.

    Args:
        url: The address.
        path: The file.
        limit: Bytes that it may have.
        progress: Told the bytes so far, and in all if known.
        patience: Seconds that the connection may take in all; None waits as long as something answers.

    Raises:
        ValueError: Less arrives than was announced, or more than `limit`; or a redirect leaves https.
        OSError: The connection fails, or is silent or very slow for long.
    """
    # The addresses are those of the catalogue, all https; tests give their own.
    request = urllib.request.Request(url, headers={"User-Agent": f"kerastl/{__version__}"})  # noqa: S310
    with _opened(request, patience) as answer, path.open("wb") as file:
        length = answer.headers.get("Content-Length")
        expected = int(length) if length else None
        if expected is not None and expected > limit:
            raise ValueError(f"the server announces {expected:,} bytes; this file has no more than {limit:,}")
        received = 0
        for chunk in _chunks(answer):
            received += len(chunk)
            if received > limit:
                raise ValueError(f"the server sends more than {limit:,} bytes")
            file.write(chunk)
            if progress:
                progress(received, expected)
    if expected is not None and received != expected:
        raise ValueError(f"the connection ended after {received:,} of {expected:,} bytes")


def _chunks(answer: Any) -> Iterator[bytes]:
    since, arrived = time.monotonic(), 0
    while chunk := answer.read1(_CHUNK):
        arrived += len(chunk)
        yield chunk
        if (now := time.monotonic()) - since > _WINDOW:
            if arrived < _LEAST:
                raise TimeoutError(f"only {arrived:,} bytes arrived within {now - since:.0f} seconds")
            since, arrived = now, 0


def _opened(request: urllib.request.Request, patience: float | None) -> Any:
    """The server's answer; TimeoutError if the connection takes longer than `patience`.

    A timeout of `open` holds for each address of the server and not at all for finding them, so that a network
    that swallows everything can keep it busy for minutes. Hence a thread, which is left behind.
    """
    opener = urllib.request.build_opener(_HttpsStays)
    if patience is None:
        return opener.open(request, timeout=_SILENCE)
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def ask() -> None:
        try:
            answers.put(opener.open(request, timeout=_SILENCE))
        except Exception as error:
            answers.put(error)

    threading.Thread(target=ask, name="kerastl-connect", daemon=True).start()
    try:
        answer = answers.get(timeout=patience)
    except queue.Empty:
        raise TimeoutError(f"no answer within {patience:g} seconds") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
