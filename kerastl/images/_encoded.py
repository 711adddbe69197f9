"""Images as files have them: at a path, in memory, in a file that is open, at a web address."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from PIL import ImageFile

from kerastl._base.text import brief
from kerastl.errors import ImageError, UsageError
from kerastl.images import _limits as limits
from kerastl.images._limits import WatchedBytes
from kerastl.images._opening import opened

_LONGEST_PATH = 4096
_LONGEST_NAME = 1000
_SHOWN = 60
_WEB = ("http://", "https://")
# How files of the common formats begin that can hold no null byte, or begin like text.
_MAGIC = re.compile(rb"\xff\xd8\xff|\x89PNG|GIF8[79]a|RIFF....WEBP|II\*\0|MM\0\*|P[1-7]\s|qoif|<svg|%PDF", re.DOTALL)


@dataclass(frozen=True)
class Encoded:
    """An image file, not yet opened.

    Args:
        name: What messages call it.
        path: Where it lies; None if `content` is given.
        content: What it holds.
    """

    name: str
    path: str | bytes | None = None
    content: bytes | None = None

    @contextmanager
    def opened(self) -> Iterator[ImageFile.ImageFile]:
        """Open it without decoding it; any number of times.

        Raises:
            Exception: Of any type, for `reported` to explain.
        """
        if self.path is None and len(self.content or b"") > limits.MAX_FILE_BYTES:
            raise limits.RefusedError(f"too large: more than {limits.MAX_FILE_BYTES // limits.MEBIBYTE} MiB")
        with opened(WatchedBytes(self.content or b"") if self.path is None else self.path) as image:
            yield image


def is_web_address(source: object) -> bool:
    """Whether it is text that begins with http:// or https://."""
    return isinstance(source, str) and source[:8].lower().startswith(_WEB)


def is_encoded(source: object) -> bool:
    """Whether `encoded` takes it."""
    if isinstance(source, memoryview):
        return source.ndim == 1
    return isinstance(source, (str, bytes, bytearray, os.PathLike)) or _is_file(source)


def _is_file(source: object) -> bool:
    """Whether it is open, or can be opened by its own means, such as a `zipfile.Path`."""
    return not isinstance(source, type) and (hasattr(source, "read") or hasattr(source, "read_bytes"))


def encoded(source: Any) -> Encoded:
    """Find out what holds an image. A web address is fetched, a file that is open is read from its beginning.

    Bytes are what a file holds, unless there is a file of that name or they look like a path.

    Raises:
        ImageError: The web address cannot be fetched.
        UsageError: The file is open as text, or not for reading.
    """
    if is_web_address(source):
        return Encoded(source, content=fetch(source))
    if isinstance(source, (bytearray, memoryview)) or (isinstance(source, bytes) and not _is_path(source)):
        return Encoded("image in memory", content=bytes(source))
    if _is_file(source) and not isinstance(source, os.PathLike):
        return _read(source if hasattr(source, "read") else _opened(source))
    path = os.fspath(source)
    name = os.fsdecode(path) or "(no name)"
    return Encoded(name if len(name) <= _LONGEST_NAME else f"{name[:_SHOWN]}...", path)


def path_of(source: object) -> str | None:
    """The path or the web address of an image, if it has one."""
    if isinstance(source, bytes) and not _is_path(source):
        return None
    if isinstance(source, (str, bytes, os.PathLike)):
        return os.fsdecode(source)
    name = (getattr(source, "name", None) if _is_file(source) else None) or getattr(source, "filename", None)
    return os.fsdecode(name) or None if isinstance(name, (str, bytes, os.PathLike)) else None


def _opened(source: Any) -> IO[bytes]:
    try:
        return source.open("rb")
    except (OSError, KeyError, TypeError) as error:
        raise ImageError(str(source), "no such file") from error


def _is_path(given: bytes) -> bool:
    if not given or len(given) > _LONGEST_PATH or b"\0" in given:
        return False
    return os.path.lexists(given) or not _MAGIC.match(given)


def _read(file: Any) -> Encoded:
    name = path_of(file) or "image in memory"
    if isinstance(file, io.BytesIO):
        return Encoded(name, content=file.getvalue())
    with suppress(OSError, ValueError, AttributeError, TypeError):  # a stream goes on from where it is
        file.seek(0)
    try:
        content = file.read(limits.MAX_FILE_BYTES + 1)
    except UnicodeDecodeError:
        content = ""
    except Exception as error:  # other libraries have files, too
        why = str(error).splitlines()[0][:_SHOWN] if str(error) else type(error).__name__
        raise UsageError(f"{name}: cannot be read ({why}); open it with open(path, 'rb')") from None
    if isinstance(content, str):
        raise UsageError(f"{name}: open as text; an image is opened with open(path, 'rb')")
    if not isinstance(content, bytes):
        getattr(content, "close", bool)()  # a coroutine would warn that nobody waited for it
        raise UsageError(f"{name}: reading gives a {type(content).__name__}, where the bytes of an image are wanted")
    return Encoded(name, content=content)


SECONDS = 60.0
"""All that fetching may take, finding the server included."""
MAX_BYTES = 64 * limits.MEBIBYTE


def fetch(url: str) -> bytes:
    """Get what lies at a web address.

    Args:
        url: Of http or https. So is what it redirects to.

    Raises:
        ImageError: There is nothing, or it is too large, or takes too long.
    """
    # Here, since most images come from no web, whose packages take long to import.
    from http.client import HTTPException

    from kerastl._base import download

    try:
        return download.content(url, MAX_BYTES, SECONDS)
    except download.LateError:
        reason = f"no image within {SECONDS:g} seconds"
    except download.TooLargeError:
        reason = f"too large: more than {MAX_BYTES // limits.MEBIBYTE} MiB"
    except (OSError, HTTPException, ValueError) as error:
        said = download.failure(error)
        reason = said if said.startswith("the server") else f"cannot be fetched: {said}"
    raise ImageError(brief(url), reason)
