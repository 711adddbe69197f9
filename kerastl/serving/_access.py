"""Who may ask: API keys, host names, and web pages of other origins."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from kerastl.serving._errors import RequestError, UnauthorizedError
from kerastl.serving._failures import refused
from kerastl.serving._settings import ServeSettings, hash_key, is_loopback

# Asked by what watches the server, and by a browser before it can send a key.
_OPEN = ("/v2/health/", "/static/")
_OPEN_EXACTLY = ("/", "/openapi.json", "/docs")
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class ForbiddenError(RequestError):
    """A request that a web page of another origin made, or under another name of this machine."""

    status = HTTPStatus.FORBIDDEN
    code = "forbidden"


class Access:
    """Turns requests away before anything of their body is read.

    Args:
        app: What answers the others.
        settings: The server's.
    """

    def __init__(self, app: ASGIApp, settings: ServeSettings) -> None:
        self._app, self._settings = app, settings
        # A proxy before the server may hand on the name by which it was asked.
        self._named = {urlsplit(origin).netloc.lower() for origin in settings.origins if origin != "*"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "http":
            try:
                self._check(Headers(scope=scope), scope["path"])
            except RequestError as error:
                response = await refused(Request(scope), error)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, headers: Headers, path: str) -> None:
        self._check_host(headers)
        self._check_origin(headers)
        if not self._is_open(path):
            self._check_key(headers)

    def _is_open(self, path: str) -> bool:
        return path.startswith(_OPEN) or path in _OPEN_EXACTLY

    def _check_host(self, headers: Headers) -> None:
        """A server of this machine only is asked under a name of it: a web page that rebinds its name is not."""
        if not is_loopback(self._settings.host):
            return
        given = headers.get("host")
        # Browsers always say the name; programs that watch, such as HAProxy, ask by HTTP/1.0 without one.
        if given is None or given.lower() in self._named:
            return
        host = _split(f"//{given}").hostname or ""
        if host not in _LOCAL_NAMES and host != self._settings.host.lower():
            raise ForbiddenError("this server answers under localhost only; start it with --host to open it to others")

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is None or {"*", origin} & set(self._settings.origins):
            return
        if _split(origin).netloc.lower() != headers.get("host", "").lower():
            raise ForbiddenError("web pages of other origins may not ask; start the server with --cors to allow one")

    def _check_key(self, headers: Headers) -> None:
        if not self._settings.api_keys:
            return
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        given = headers.get("x-api-key") or (bearer if scheme.lower() == "bearer" else "")
        digest = hash_key(given)
        # All are compared, each in constant time, so that time tells nothing.
        if sum(hmac.compare_digest(digest, known) for known in self._settings.api_keys) == 0:
            raise UnauthorizedError("an API key is needed: send Authorization: Bearer KEY, or X-API-Key: KEY")


def _split(address: str) -> SplitResult:
    """The parts of an address; of one that is none, no parts."""
    try:
        return urlsplit(address)
    except ValueError:
        return SplitResult("", "", "", "", "")
