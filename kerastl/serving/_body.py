"""Read the body of a request, within limits of size and time, and take it apart in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from kerastl._base.text import as_unicode, brief
from kerastl.serving._errors import QueueFullError, RequestError, SlowClientError, TooLargeError, UnsupportedMediaError

_FIELDS = 32
_FIELD_BYTES = 10_000


@dataclass(frozen=True)
class Form:
    """A multipart form.

    Args:
        files: Name and content of each file.
        fields: The other fields.
    """

    files: list[tuple[str | None, bytes]] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


class BodyBudget:
    """What the bodies of all requests may take together.

    Args:
        limit: Bytes.
    """

    def __init__(self, limit: int) -> None:
        self._left = limit

    def share(self) -> Callable[[int], None]:
        """Give what takes bytes for the running request, until its task has ended, or raises `QueueFullError`."""
        taken = 0

        def take(size: int) -> None:
            nonlocal taken
            if size > self._left:
                raise QueueFullError("the server holds as many images as it may; try again later")
            self._left -= size
            taken += size

        def give_back(task: asyncio.Task[Any]) -> None:
            self._left += taken

        if (task := asyncio.current_task()) is not None:
            task.add_done_callback(give_back)
        return take


async def read_body(request: Request, limit: int, seconds: float) -> bytes:
    """Read all of a body.

    Args:
        request: The request.
        limit: Bytes.
        seconds: Within which it must have come.

    Raises:
        UnsupportedMediaError: It is compressed, which images are already.
        TooLargeError: It is longer, or says so.
        SlowClientError: It takes longer.
        QueueFullError: The server holds as many bytes of other requests as it may.
    """
    if (encoding := request.headers.get("content-encoding", "identity")).lower() != "identity":
        raise UnsupportedMediaError(f"send the body as it is, without Content-Encoding: {brief(encoding)}")
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    try:
        return await asyncio.wait_for(_read(request, limit, request.app.state.server.bodies.share()), seconds)
    except asyncio.TimeoutError:
        raise SlowClientError(f"the request's body did not arrive within {seconds:g} seconds") from None
    except ClientDisconnect:
        raise SlowClientError("the client went away") from None


async def _read(request: Request, limit: int, take: Callable[[int], None]) -> bytes:
    content = bytearray()
    async for chunk in request.stream():
        take(len(chunk))
        content += chunk
        if len(content) > limit:
            raise _too_large(limit)
    return bytes(content)


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the request's body is larger than {limit:,} bytes: send smaller images, or fewer")


class _InMemory(MultiPartParser):
    """Keeps files in memory: nothing that a client sends is written to disk."""

    spool_max_size = 0  # 0 means that there is no size from which on a file on disk is used

    def close(self) -> None:
        """Close all files, those too that a broken form never finished, which nobody else knows of."""
        for file in self._files_to_close_on_error:
            file.close()


async def parse_form(request: Request, body: bytes, max_files: int) -> Form:
    """Take a multipart form apart.

    Args:
        request: The request, for its headers.
        body: Its body.
        max_files: Files that it may hold.

    Raises:
        RequestError: It is no form.
        TooLargeError: It has too many files or fields.
    """

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = _InMemory(request.headers, stream(), max_files=max_files, max_fields=_FIELDS, max_part_size=_FIELD_BYTES)
    try:
        return await _taken_apart(parser)
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise TooLargeError(f"a request holds at most {max_files} images and {_FIELDS} fields") from None
        raise RequestError("the multipart form cannot be read") from None
    except ValueError:  # of what older parsers cannot read, and of codecs that the client names
        raise RequestError("the multipart form cannot be read") from None
    finally:
        parser.close()


async def _taken_apart(parser: MultiPartParser) -> Form:
    form = Form()
    for name, value in (await parser.parse()).multi_items():
        if isinstance(value, UploadFile):
            form.files.append((as_unicode(value.filename or "") or None, await value.read()))
        else:
            form.fields[name] = value
    return form
