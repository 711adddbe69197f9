"""Errors as answers: one JSON object, which tells the client what to change and nothing of the server."""

from __future__ import annotations

import logging
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kerastl.errors import KerastlError
from kerastl.serving._errors import RequestError

log = logging.getLogger("kerastl")

_CODES = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed"}


async def refused(request: Request, error: Exception) -> Response:
    """Answer a `RequestError`."""
    assert isinstance(error, RequestError)  # noqa: S101 - Starlette's handlers take any exception
    return _answer(request, str(error), error.status, error.code, error.headers)


async def misdirected(request: Request, error: Exception) -> Response:
    """Answer where there is no such address or method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - likewise
    code = _CODES.get(HTTPStatus(error.status_code), "bad_request")
    return _answer(request, error.detail, error.status_code, code, dict(error.headers or {}))


async def failed(request: Request, error: Exception) -> Response:
    """Answer where the server failed, and log why."""
    known = isinstance(error, KerastlError)
    reason = error if known else f"{type(error).__name__}: {error}"
    log.error("%s %s failed: %s", request.method, request.url.path, reason, exc_info=None if known else error)
    return _answer(request, "the server failed to answer; its log says why", 500, "internal", {})


def _answer(request: Request, message: str, status: int, code: str, headers: dict[str, str]) -> Response:
    request.app.state.server.metrics.count_error(code)
    return JSONResponse({"error": message, "code": code}, status, headers)


HANDLERS = {RequestError: refused, HTTPException: misdirected, Exception: failed}
"""What answers each kind of exception."""
