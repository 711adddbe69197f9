"""The folder of an index that is to be made: what may be in it, and how the index comes to be there as a whole."""

from __future__ import annotations

import os
from pathlib import Path

from kerastl._base import scratch
from kerastl._base.files import check_folder
from kerastl.errors import KerastlError, UsageError
from kerastl.index._facts import FACTS_FILE, IndexFacts, write_facts
from kerastl.index._table import TABLE, TABLE_FOLDER, ImageTable, connect, reported
from kerastl.training._callback import RunCallback
from kerastl.training._lock import locked


def check_new(folder: Path) -> None:
    """Refuse a folder that no index can be made in.

    Raises:
        UsageError: There is something else in it, or an index already.
        KerastlError: It cannot be written.
    """
    check_folder(folder, "--db")
    if (folder / FACTS_FILE).exists():
        raise UsageError(f"{folder}: there is an index here already")
    if folder.is_dir() and not all(map(_is_ours, os.listdir(folder))):  # noqa: PTH208
        raise UsageError(f"{folder}: is no index, and there are other files in it; take a folder of its own")


def _is_ours(name: str) -> bool:
    """Whether a process that makes an index, or made half of one, has put something there."""
    return name.startswith((".", "_")) or name == TABLE_FOLDER or scratch.is_temporary_folder(name)


def make(folder: Path, facts: IndexFacts) -> None:
    """Make an index without images, whole or not at all.

    Raises:
        UsageError: There is something else in the folder, or another process works in it.
        KerastlError: It cannot be written.
    """
    check_new(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder, RunCallback()):
        check_new(folder)
        target = folder / TABLE_FOLDER
        if target.exists():
            _remove_unfinished(folder)
        with scratch.temporary_folder(folder) as made:
            ImageTable(made, facts, create=True)
            (made / TABLE_FOLDER).rename(target)
        write_facts(folder, facts)  # last: without it there is no index


def _remove_unfinished(folder: Path) -> None:
    """Remove the table that a process left which was killed before it wrote the rest; it has no rows."""
    import shutil

    with reported(folder):
        table = connect(folder).open_table(TABLE)
        if table.count_rows():
            raise KerastlError(
                f"{folder / TABLE_FOLDER}: is a table with rows, and {FACTS_FILE}, which says what they are, is gone; "
                "take another folder"
            )
    shutil.rmtree(folder / TABLE_FOLDER)
