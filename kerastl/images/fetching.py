"""A picture from a web address, within limits of size, time and redirections."""

from __future__ import annotations

import queue
import threading
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from kerastl._version import __version__
from kerastl.errors import ImageError
from kerastl.images import limits

SECONDS = 60.0
"""All that fetching may take, finding the server included."""
MAX_BYTES = 64 * limits.MEBIBYTE
_SILENCE = 20.0  # seconds without an answer
_MAX_REDIRECTIONS = 5
_REDIRECTIONS = range(300, 400)
_BLOCK = 1 << 16


def fetch(url: str) -> bytes:
    """Get what lies at a web address.

    Args:
        url: Of http or https. So is what it redirects to.

    Raises:
        ImageError: There is nothing, or it is too large, or takes too long.
    """
    # A timeout holds for one answer of one address, and for finding the server not at all. So a thread fetches, which
    # is left behind if it takes too long.
    answers: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(_received(url))
        except Exception as error:  # whatever it is, the waiting thread must hear of it
            answers.put(error)

    threading.Thread(target=work, name="kerastl-fetch", daemon=True).start()
    try:
        answer = answers.get(timeout=SECONDS)
    except queue.Empty:
        raise ImageError(_shown(url), f"no picture within {SECONDS:g} seconds") from None
    if isinstance(answer, bytes):
        return answer
    raise ImageError(_shown(url), _reason(answer)) from answer


def _received(url: str) -> bytes:
    request = urllib.request.Request(url, headers={"User-Agent": f"kerastl/{__version__}"})  # noqa: S310
    content = bytearray()
    with _opener().open(request, timeout=_SILENCE) as answer:
        announced = answer.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced) > MAX_BYTES:
            raise _TooLargeError
        while block := answer.read1(_BLOCK):
            content += block
            if len(content) > MAX_BYTES:
                raise _TooLargeError
    if announced.isdecimal() and len(content) < int(announced):
        raise HTTPException("the connection ended before the picture did")
    return bytes(content)


class _TooLargeError(Exception):
    def __str__(self) -> str:
        return f"too large: more than {MAX_BYTES // limits.MEBIBYTE} MiB"


class _Redirections(urllib.request.HTTPRedirectHandler):
    max_redirections = _MAX_REDIRECTIONS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not newurl.lower().startswith(("http://", "https://")):
            raise urllib.error.HTTPError(newurl, code, msg, headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """What opens http and https, and no file, no ftp and no data address."""
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
    return opener


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        error.close()
        if error.code in _REDIRECTIONS:
            return "the server redirects too often, or to something else than a web address"
        return f"the server answers {error.code} {error.reason}".splitlines()[0][:120]
    cause = error.reason if isinstance(error, urllib.error.URLError) else error
    text = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"cannot be fetched: {str(text).splitlines()[0][:120]}" if not isinstance(error, _TooLargeError) else text


def _shown(url: str) -> str:
    return url if len(url) <= 1000 else f"{url[:60]}..."
