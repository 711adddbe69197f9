"""Sorting is taken back: what the journal says was done, from the end to the beginning."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kerastl._base import scratch
from kerastl._base.files import folder_path
from kerastl._base.text import message, printable
from kerastl.errors import UsageError
from kerastl.sorting._journal import JOURNAL, Journal, Row
from kerastl.sorting._repair import clear_placeholder, is_image_or_sidecar, is_second_copy
from kerastl.sorting._transfer import is_placeholder, move, sha256_of
from kerastl.training._callback import RunCallback
from kerastl.training._lock import locked


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of one file when sorting was taken back.

    Args:
        path: Where sorting had put it.
        back: Where it was before, and is again if it was moved.
        action: `copy`, `move` or `link`: what is taken back.
        error: Why it was left where it is.
        dry_run: Whether nothing was done.

    Example:
        >>> from kerastl.sorting import Undone
        >>> print(Undone("out/cat/a.jpg", "in/a.jpg", "move"))
        out/cat/a.jpg: moved back to in/a.jpg
    """

    path: str
    back: str
    action: str
    error: str | None = None
    dry_run: bool = False

    def __str__(self) -> str:
        if self.error is not None:
            return f"{printable(self.path)}: {message(self.error)}"
        done = f"moved back to {printable(self.back)}" if self.action == "move" else "removed"
        return f"{printable(self.path)}: {'would be ' if self.dry_run else ''}{done}"

    def as_dict(self) -> dict[str, Any]:
        """The object that stands in JSON for this file."""
        values: dict[str, Any] = {"path": self.path, "back": self.back, "action": self.action}
        values |= {} if self.error is None else {"error": self.error}
        return values | ({"dry_run": True} if self.dry_run else {})


def undo_sort(folder: str | os.PathLike[str], *, dry_run: bool = False) -> list[Undone]:
    """Take back what `kerastl.sort` did with a folder, as far as its journal `sort.csv` tells.

    Files that were moved go back to where they were, unless something else is there by now. Copies are removed where
    they are unchanged and their originals are still there, links where they lead where they led. Folders that were made
    go if they are empty, and so does the journal when nothing is left in it. What is interrupted can be done again.

    Args:
        folder: What `to` was.
        dry_run: Whether to tell only what would be done.

    Returns:
        What became of each file, the last first; those with `error` are still where they were.

    Raises:
        UsageError: Nothing was sorted there.
        KerastlError: The journal cannot be read.

    Example:
        >>> import kerastl
        >>> from kerastl.sorting import undo_sort
        >>> images = kerastl.sort(["data/umbrella.png"], "kerastl_mini", to="sorted", verbose=0)
        >>> [file.error for file in undo_sort("sorted")]
        [None]
    """
    return list(undoing(folder, dry_run))


def undoing(folder: str | os.PathLike[str], dry_run: bool) -> Iterator[Undone]:
    """The same, one file after the other."""
    named = folder_path(folder, "folder")
    path = Path(os.path.abspath(named))  # noqa: PTH100 - links stay what they are
    if not os.path.lexists(path / JOURNAL):
        raise UsageError(f"{named}: holds no {JOURNAL}, so that nothing was sorted there that could be undone")
    if dry_run:
        yield from _undone(Journal(path), named, dry_run=True)
        return
    with locked(path, RunCallback()):
        journal = Journal(path)
        for row in journal.half_undone():
            source = Path(row.source)
            if is_placeholder(source) and is_image_or_sidecar(source, journal.path(row)):
                source.unlink()
        yield from _undone(journal, named, dry_run=False)
        _remove_folders(journal)
        whole = all(row.action == "folder" for row in journal.open_rows().values())
        if whole:
            journal.file.unlink()
        else:
            journal.append([Row("end")])
    if whole and "." in journal.open_rows():
        with suppress(OSError):
            path.rmdir()


def _undone(journal: Journal, named: Path, dry_run: bool) -> Iterator[Undone]:
    for row in reversed(journal.open_rows().values()):
        if row.action == "folder":
            continue
        error = None
        try:
            if not dry_run and row.action == "move" and not os.path.lexists(row.source):
                journal.append([replace(row, action="undoing")])
            error = _UNDO[row.action](row, journal.path(row), dry_run)
        except OSError as problem:
            error = f"cannot be undone ({problem.strerror or problem})"
        if error is None and not dry_run:
            journal.append([replace(row, action="undo")])
        yield Undone(str(named / row.target), row.source, row.action, error, dry_run)


def _move_back(row: Row, target: Path, dry_run: bool) -> str | None:
    source = Path(row.source)
    there = os.path.lexists(source)
    if there and not dry_run:
        clear_placeholder(row, target)
    if not os.path.lexists(target):
        return None if there else "is no longer there"
    if there and not is_second_copy(row, target):
        return f"left there: there is another {row.source} by now"
    if not is_image_or_sidecar(source, target):
        return f"left there: it is neither an image nor a sidecar, or {row.source} is none"
    if dry_run:
        return None
    if there:
        target.unlink()
        return None
    source.parent.mkdir(parents=True, exist_ok=True)
    move(target, source)
    return None


def _remove_copy(row: Row, target: Path, dry_run: bool) -> str | None:
    there = os.path.lexists(row.source)
    if there and not dry_run:
        clear_placeholder(row, target)
    if not os.path.lexists(target):
        return None
    if not there:
        return f"left there: {row.source}, which it was copied from, is gone"
    if target.is_symlink() or not target.is_file() or sha256_of(target) != row.sha256:
        return "left there: it was changed since"
    if not dry_run:
        target.unlink()
    return None


def _remove_link(row: Row, target: Path, dry_run: bool) -> str | None:
    if not os.path.lexists(target):
        return None
    if not target.is_symlink() or os.fspath(target.readlink()) != row.source:
        return "left there: it is no longer the link that was made"
    if not dry_run:
        target.unlink()
    return None


def _remove_folders(journal: Journal) -> None:
    """Remove the folders that were made, as far as they are empty."""
    for row in reversed(journal.open_rows().values()):
        if row.action == "folder" and row.target != ".":
            scratch.tidy(journal.path(row))
            with suppress(OSError):
                journal.path(row).rmdir()
                journal.append([replace(row, action="undo")])


# What takes an action back: from the row, its target and whether nothing is done to why it was not, if so.
_UNDO: dict[str, Callable[[Row, Path, bool], str | None]] = {
    "move": _move_back,
    "copy": _remove_copy,
    "link": _remove_link,
}
