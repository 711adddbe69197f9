"""Stop without losing a request: what was asked is answered, and what comes now is told to go elsewhere."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kerastl.serving._errors import UnavailableError
from kerastl.serving._failures import refused

if TYPE_CHECKING:
    from kerastl.serving._state import ServerState

# Asked by what watches the server.
_WATCHING = ("/v2/health/", "/metrics")
# For so long the server still listens, to refuse in words: whoever has just connected learns where not to ask.
NOTICE_SECONDS = 0.5


class DrainingError(UnavailableError):
    """A request that came after the server was told to stop."""

    code = "draining"

    def __init__(self) -> None:
        super().__init__("the server stops; ask again, which another one answers")
        self.headers["Connection"] = "close"


class Draining:
    """Refuses requests once the server has been told to stop, and closes connections with their last answer.

    Args:
        app: What answers the others.
        state: Of the server.
    """

    def __init__(self, app: ASGIApp, state: ServerState) -> None:
        self._app, self._state = app, state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def closing(message: Message) -> None:
            if self._state.draining and message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        if self._state.draining and not scope["path"].startswith(_WATCHING):
            response = await refused(Request(scope), DrainingError())
            await response(scope, receive, send)
            return
        await self._app(scope, receive, closing)


@contextmanager
def draining_on_signals(state: ServerState) -> Iterator[None]:
    """Note SIGTERM and SIGINT before the program that serves does, and have it stop listening a moment later.

    A second signal is handed on at once, so that a second Ctrl-C ends what the first one waits for.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are another's business
        yield
        return
    notice = _Notice(state, asyncio.get_running_loop())
    handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    notice.handlers = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in notice.handlers:
        signal.signal(number, notice)
    try:
        yield
    finally:
        for number, handler in notice.handlers.items():
            if signal.getsignal(number) is notice:
                signal.signal(number, handler)


class _Notice:
    """A handler of signals that marks the server before it hands them on."""

    def __init__(self, state: ServerState, loop: asyncio.AbstractEventLoop) -> None:
        self._state, self._loop = state, loop
        self.handlers: dict[signal.Signals, Callable[[int, FrameType | None], Any]] = {}
        self._first: signal.Signals | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._state.draining:
            self._hand_on_first()
            self._hand_on(signal.Signals(number))
            return
        self._state.draining = True
        self._first = signal.Signals(number)
        self._loop.call_soon_threadsafe(self._loop.call_later, NOTICE_SECONDS, self._hand_on_first)

    def _hand_on_first(self) -> None:
        first, self._first = self._first, None
        if first is not None:
            self._hand_on(first)

    def _hand_on(self, number: signal.Signals) -> None:
        self.handlers[number](number, None)
