"""What archives hold, whatever their kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A file in an archive.

    Args:
        name: Its name in there, with forward slashes.
        size: Bytes.
        read: Gives its bytes; to be called before the next member is asked for, or not at all. It raises whatever is
            wrong with them.
        mtime_ns: When it was last written, in nanoseconds since 1970; 0 where that is not known.
        kind: What it is where it is no file that can be read: `link`, `device` and the like.
        is_image: Whether it certainly is one, whatever its name says.
    """

    name: str
    size: int
    read: Callable[[], bytes]
    mtime_ns: int = 0
    kind: str = ""
    is_image: bool = False
