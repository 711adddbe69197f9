"""What an archive may cost: bombs are turned away before they take memory or time."""

from __future__ import annotations

import unicodedata

from kerastl.images._limits import MEBIBYTE, RefusedError

MAX_IMAGE_BYTES = 64 * MEBIBYTE
"""Of the file of an image in an archive or a store, which is held in memory whole."""
MAX_MEMBERS = 10_000_000
"""Of an archive that is read from its beginning to its end."""
MAX_LISTED = 1_000_000
"""Of an archive whose whole list is held in memory."""
MAX_LIST_BYTES = 128 * MEBIBYTE
MAX_HEADER_BYTES = MEBIBYTE
"""Of what a tar says about one member beside its header."""
MAX_HEADERS = 16
"""Of one member."""
MAX_RATIO = 200
"""Bytes that come out for each that goes in, of an archive as a whole; deflate reaches 1,032."""
FREE_BYTES = 64 * MEBIBYTE
"""That may come out of any archive."""
_LONGEST_NAME = 4096


class EndsHereError(RefusedError):
    """An archive cannot be read any further."""


class Inflation:
    """What has come out of an archive so far, against what went in."""

    def __init__(self, packed: int = 0) -> None:
        self.packed = packed
        self._unpacked = 0

    def add(self, unpacked: int) -> None:
        """Note that so many bytes have come out.

        Raises:
            EndsHereError: These are too many.
        """
        self._unpacked += unpacked
        if self._unpacked > FREE_BYTES and self._unpacked > MAX_RATIO * self.packed:
            raise EndsHereError(f"a bomb: more than {MAX_RATIO} bytes come out for each that goes in")


def check_size(size: int) -> None:
    """Raise `RefusedError` when a file is too large for an image."""
    if size > MAX_IMAGE_BYTES:
        raise RefusedError(
            f"too large: a file of {size / MEBIBYTE:,.0f} MiB, the limit is {MAX_IMAGE_BYTES // MEBIBYTE} in an "
            "archive or a store"
        )


def check_name(name: str) -> None:
    """Raise `RefusedError` for the name of a member that leads elsewhere, or is none."""
    if ".." in name.split("/"):
        raise RefusedError("its name has .. in it")
    if any(unicodedata.category(letter) == "Cc" for letter in name):
        raise RefusedError("its name has control characters")
    if len(name) > _LONGEST_NAME:
        raise RefusedError("its name is too long")
