"""Connections within limits: how many, how long a client may take to say what it wants, and to read what it is told.

Uvicorn waits for clients without end, so that a few hundred connections whose headers come letter by letter would keep
everybody else out (Hansen 2009, Slowloris).
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from kerastl.serving._errors import UnavailableError
from kerastl.serving._failures import refused

_HEAD_BYTES = 1 << 16
# Beyond the limit connections are refused in words, up to so many times as many; those beyond are cut.
_REFUSED = 2
_TIMED_OUT = (
    f"HTTP/1.1 {HTTPStatus.REQUEST_TIMEOUT.value} {HTTPStatus.REQUEST_TIMEOUT.phrase}\r\n"
    "content-length: 0\r\nconnection: close\r\n\r\n"
).encode()


class CrowdedError(UnavailableError):
    """A request on one connection too many."""

    code = "too_many_connections"

    def __init__(self) -> None:
        super().__init__("too many connections are open; try again later")
        self.headers["Connection"] = "close"


class LimitedProtocol(HttpToolsProtocol):
    """Uvicorn's connection, closed when its client takes too long.

    The limit of connections is that of the settings of the application, which is `create_app`'s.
    """

    head_seconds = 10.0
    """From the first byte of a request, or from the connection on, to the last of its headers."""
    rest_seconds = 30.0
    """For the rest of a body that was answered before it was there; and for reading an answer."""

    last_seconds = 1.0
    """For a request on a connection that was made just before the server stopped listening."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._state = self.config.loaded_app.state.server
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._in_head = self._in_body = False
        self._head_bytes = 0

    @property
    def resting(self) -> bool:
        """Whether the connection is kept for a next request, of which there is no sign."""
        return self.timeout_keep_alive_task is not None

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Take a connection; one too many takes the place of one that rests, or is refused."""
        super().connection_made(transport)
        most = self._state.settings.max_connections
        if len(self.connections) > most:
            resting = next((other for other in self.connections if getattr(other, "resting", False)), None)
            if resting is not None:
                resting.transport.close()
            elif len(self.connections) > _REFUSED * most:
                transport.abort()
                return
            else:
                self.app = self._crowded
        self._set_timer("head", self.head_seconds, self._say_too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        for name in list(self._timers):
            self._cancel_timer(name)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take bytes, but no more than headers may have without an end."""
        in_head = self._in_head
        super().data_received(data)
        if in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > _HEAD_BYTES:
                self._in_head = False
                self.send_400_response("The headers are too long.")

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP, and count it."""
        self._state.metrics.count_error("bad_http")
        super().send_400_response(msg)

    def on_message_begin(self) -> None:
        """The first byte of a request is there."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0
        self._set_timer("head", self.head_seconds, self._say_too_slow)

    def on_headers_complete(self) -> None:
        """The headers of a request are there."""
        self._in_head, self._in_body = False, True
        self._cancel_timer("head")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The body of a request is there."""
        self._in_body = False
        self._cancel_timer("rest")
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request has been answered."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._set_timer("unread", self.rest_seconds, self.transport.abort)
        elif self._in_body:
            self._set_timer("rest", self.rest_seconds, self.transport.close)

    def shutdown(self) -> None:
        """Close the connection, once a request that is on its way has been refused in words."""
        if self.cycle is None or self._in_head:
            self._set_timer("head", self.last_seconds, self.transport.close)
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection that rests, whether or not its client has read the last answer."""
        super().timeout_keep_alive_handler()
        self._set_timer("unread", self.rest_seconds, self.transport.abort)

    def pause_writing(self) -> None:
        """The client does not read its answer."""
        super().pause_writing()
        self._set_timer("unread", self.rest_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads its answer."""
        super().resume_writing()
        self._cancel_timer("unread")

    def _set_timer(self, name: str, seconds: float, action: Any) -> None:
        self._cancel_timer(name)
        self._timers[name] = self.loop.call_later(seconds, action)

    def _cancel_timer(self, name: str) -> None:
        if (timer := self._timers.pop(name, None)) is not None:
            timer.cancel()

    def _say_too_slow(self) -> None:
        self._state.metrics.count_error("slow_client")
        if self._in_head and (self.cycle is None or self.cycle.response_complete):
            self.transport.write(_TIMED_OUT)
        self.transport.close()
        self._set_timer("unread", self.rest_seconds, self.transport.abort)

    async def _crowded(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self.config.loaded_app
        response = await refused(Request(scope), CrowdedError())
        await response(scope, receive, send)
