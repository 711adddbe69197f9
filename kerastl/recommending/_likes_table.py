"""A table of likes: who likes which images."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kerastl._base.files import read_regular
from kerastl._base.text import ANY_NAME, brief
from kerastl.errors import KerastlError
from kerastl.index import Index
from kerastl.index._known import KnownImages

MAX_BYTES = 1 << 28
"""Of a table that is read."""
_LIKES = {"1": True, "1.0": True, "true": True, "yes": True, "0": False, "0.0": False, "false": False, "no": False}


@dataclass
class UserLikes:
    """What one person likes and dislikes: places of images."""

    likes: list[int] = field(default_factory=list)
    dislikes: list[int] = field(default_factory=list)


def read_likes(file: str | os.PathLike[str], index: Index) -> dict[str, UserLikes]:
    """Read a table of likes.

    Args:
        file: CSV with a column `path`, and if wanted `user` and `like`.
        index: Whose images count; others are left out.

    Returns:
        Those who like two images or more, by their names.

    Raises:
        KerastlError: The table cannot be read.
    """
    known = KnownImages(index.table, str(index.root))
    folder = os.path.dirname(os.fspath(file))  # noqa: PTH120 - as text
    users: dict[str, UserLikes] = {}
    for path, user, likes in _rows(Path(file)):
        # As the index has it, from the current folder, or from that of the table.
        ways = (path, known.stored(path), known.stored(os.path.join(folder, path)))  # noqa: PTH118
        place = next((found for way in ways if (found := known.find(way)) is not None), None)
        if place is not None:
            of_user = users.setdefault(user, UserLikes())
            (of_user.likes if likes else of_user.dislikes).append(place)
    for of_user in users.values():
        of_user.likes = list(dict.fromkeys(of_user.likes))
        of_user.dislikes = [place for place in dict.fromkeys(of_user.dislikes) if place not in of_user.likes]
    return {user: of_user for user, of_user in users.items() if len(of_user.likes) > 1}


def _rows(file: Path) -> Iterator[tuple[str, str, bool]]:
    """Path, user and whether it is a like, row by row."""
    try:
        text = read_regular(file, MAX_BYTES).decode("utf-8-sig", errors=ANY_NAME)
    except OSError as error:
        raise KerastlError(f"{file}: cannot be read ({error.strerror or error})") from None
    except ValueError as error:
        raise KerastlError(f"{file}: cannot be read ({error})") from None
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        head = [name.strip().lower() for name in next(reader, [])]
        if "path" not in head:
            raise KerastlError(f"{file}: has no column path, but {brief(', '.join(head)) or 'nothing'}")
        for number, cells in enumerate(reader, start=2):
            row = dict(zip(head, cells, strict=False))
            said = row.get("like", "1").strip().lower()
            if said not in _LIKES:
                raise KerastlError(f"{file}: line {number:,}: like must be 1 or 0. Received: {brief(said)!r}")
            if row.get("path"):
                yield row["path"], row.get("user", ""), _LIKES[said]
    except csv.Error as error:
        raise KerastlError(f"{file}: cannot be read as CSV ({error})") from None
