"""Count requests and their time, and give every answer the headers that keep browsers safe."""

from __future__ import annotations

import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kerastl._base.text import brief
from kerastl.serving._logging import REQUESTS
from kerastl.serving._metrics import Metrics

# The page asks nobody but this server, and nobody frames it. Images are shown from memory.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Measured:
    """The outermost layer of the application.

    Args:
        app: The rest.
        metrics: Where it counts.
        log: Whether each request is a line of the log.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, log: bool = False) -> None:
        self._app, self._metrics, self._log = app, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        self._metrics.begin_request()
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            # The name of the function that answers: paths are the client's, and endless.
            endpoint = getattr(scope.get("endpoint"), "__name__", "none")
            seconds = time.perf_counter() - started
            self._metrics.observe_request(endpoint, status, seconds)
            if self._log:
                _tell(scope, status, seconds)


def _tell(scope: Scope, status: int, seconds: float) -> None:
    """A line about a request: its address as it came in, without the options, which may name persons and things."""
    path = brief(scope.get("raw_path", scope["path"].encode("utf-8", "replace")).decode("ascii", "backslashreplace"))
    client = (scope.get("client") or ("unknown",))[0]
    request = {
        "method": scope["method"],
        "path": path,
        "status": status,
        "milliseconds": round(1000 * seconds, 1),
        "client": client,
    }
    REQUESTS.info("%s %s %d %.1f ms %s", *request.values(), extra={"request": request})
