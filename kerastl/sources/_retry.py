"""Doing again what failed on the way: with growing waits, and only what may pass."""

from __future__ import annotations

import errno
import random
import re
import time
import urllib.error
from collections.abc import Callable
from typing import TypeVar

from kerastl._base import download
from kerastl._base.text import brief
from kerastl.images._limits import RefusedError

ATTEMPTS = 5
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0  # seconds
_PASSING_CODES = frozenset((408, 425, 429, 500, 502, 503, 504))
_PASSING_ERRNOS = frozenset(
    (
        errno.EIO, errno.EBUSY, errno.EAGAIN, errno.EPIPE, errno.ETIMEDOUT, errno.ECONNRESET, errno.ECONNABORTED,
        errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH,
    )
)  # fmt: skip
# Of packages that are not imported for it: aiohttp, botocore, fsspec, http.client.
_PASSING_NAMES = frozenset(
    (
        "ClientConnectionError", "ClientPayloadError", "ConnectionClosedError", "EndpointConnectionError",
        "FSTimeoutError", "HTTPClientError", "HTTPException", "IncompleteReadError", "ServerTimeoutError",
    )
)  # fmt: skip
_REASONS = (
    (FileNotFoundError, "no such file"),
    (PermissionError, "access denied; are the store's credentials right?"),
    (IsADirectoryError, "a prefix, and no file; end it in /"),
)
_NO_CREDENTIALS = frozenset(("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"))
_ADDRESS = re.compile(r"\S*://\S*")

_T = TypeVar("_T")
_jitter = random.Random()  # so that those who failed together do not come back together
sleep = time.sleep


def retried(work: Callable[[], _T]) -> _T:
    """Do something, and do it again after a while where it fails in a way that may pass.

    Before the n-th new attempt it waits for a random time of at most 0.5 * 2^(n - 1) seconds: exponential back-off with
    full jitter [1].

    Args:
        work: Whole in itself.

    Raises:
        Exception: That of the last attempt, or the first that will not pass.

    References:
        [1] Marc Brooker, "Exponential Backoff and Jitter", AWS Architecture Blog, 2015.
    """
    for wait in (*(min(_LONGEST_WAIT, _FIRST_WAIT * 2**attempt) for attempt in range(ATTEMPTS - 1)), None):
        try:
            return work()
        except Exception as error:
            let_go(error)
            if wait is None or not may_pass(error):
                raise
            sleep(_jitter.uniform(0, wait))
    raise AssertionError("the last attempt returns or raises")


def let_go(error: Exception) -> None:
    """Close the connection that an error of the web holds open, in which a server says more about it."""
    if isinstance(error, urllib.error.HTTPError):
        error.close()


def may_pass(error: BaseException) -> bool:
    """Whether the same may work a moment later."""
    if (code := getattr(error, "code", None) or getattr(error, "status", None)) in _PASSING_CODES:
        return True
    if isinstance(code, int) or isinstance(error, (FileNotFoundError, PermissionError, RefusedError)):
        return False
    if isinstance(error, (TimeoutError, ConnectionError, download.CutOffError)):
        return True
    if isinstance(reason := getattr(error, "reason", None), BaseException):  # urllib.error.URLError
        return may_pass(reason)
    if any(kind.__name__ in _PASSING_NAMES for kind in type(error).__mro__):
        return True
    return isinstance(error, OSError) and error.errno in _PASSING_ERRNOS


def why(error: Exception) -> str:
    """What went wrong on the way, as a short phrase without addresses: in these, signatures and keys may stand."""
    for kind, said in _REASONS:
        if isinstance(error, kind):
            return said
    if isinstance(error, RefusedError):
        return str(error)
    if type(error).__name__ in _NO_CREDENTIALS:
        return "no credentials of the store were found (those that fsspec takes, such as AWS_PROFILE)"
    said = download.failure(error)
    if said.startswith("the server"):
        return said
    return f"cannot be fetched: {brief(_ADDRESS.sub('...', said))}"
