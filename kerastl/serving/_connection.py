"""Work for a client only as long as there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from kerastl.serving._errors import RequestError

R = TypeVar("R")


class ClientGoneError(RequestError):
    """The client closed the connection before its answer was there."""

    code = "client_gone"


async def while_connected(request: Request, work: Coroutine[Any, Any, R]) -> R:
    """Wait for work, and cancel it when the client goes away.

    Args:
        request: The request, its body read.
        work: What makes the answer.

    Raises:
        ClientGoneError: The client went away.
    """
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_gone(request))
    try:
        await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGoneError("the client closed the connection")
    finally:
        task.cancel()
        gone.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
