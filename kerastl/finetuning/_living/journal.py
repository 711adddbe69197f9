"""What a model has learnt and forgotten since its run, a row an image."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from kerastl._base import files
from kerastl._base.serialization import write_csv
from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.finetuning._folder import JOURNAL

_COLUMNS = ("time", "change", "label", "before", "image")
_DIGITS = 8
_LARGEST = 1 << 26  # bytes


class Change(NamedTuple):
    """What happened to an image.

    Args:
        change: `learnt`, `relabeled` or `forgotten`.
        label: Its class from then on; empty where it was forgotten.
        before: Its class before; empty where it was not known.
        content: The beginning of its content hash, as a number; the journal keeps its first 8 digits only.
    """

    change: str
    label: str
    before: str
    content: int

    @property
    def image(self) -> str:
        """What the journal calls the image."""
        return f"{self.content:016x}"[:_DIGITS]


def write_journal(folder: Path, target: Path, changes: Iterable[Change]) -> None:
    """Write the journal of a folder with further rows.

    Args:
        folder: With the journal so far.
        target: The folder that gets the new one.
        changes: What happened, in its order.

    Raises:
        ModelError: The journal so far cannot be read.
    """
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    rows = [[now, one.change, one.label, one.before, one.image] for one in changes]
    write_csv(target / JOURNAL, _COLUMNS, [*read_journal(folder), *rows])


def read_journal(folder: Path) -> list[list[str]]:
    """The rows of a journal: time, change, label, label before, and the beginning of the image's content hash.

    Raises:
        ModelError: It cannot be read.
    """
    file = folder / JOURNAL
    if not file.exists():
        return []
    try:
        rows = list(csv.reader(io.StringIO(files.read_regular(file, _LARGEST).decode(), newline="")))
    except (OSError, ValueError, csv.Error) as error:
        raise ModelError(f"{printable(str(file))}: it cannot be read ({printable(str(error))}); move it away") from None
    if not rows or tuple(rows[0]) != _COLUMNS or any(len(row) != len(_COLUMNS) for row in rows):
        raise ModelError(f"{printable(str(file))}: it is no journal of kerastl's; move it away")
    return rows[1:]
