"""The tables of a run folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastl._base import csv_files

SKIPPED = "skipped.csv"


def write_rows(file: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table with a header, such as one row an epoch."""
    csv_files.write(file, columns, ([row.get(column) for column in columns] for row in rows))


def write_skipped(folder: Path, skipped: Mapping[str, str]) -> None:
    """Write the images that could not be read, and why; nothing when there are none."""
    if not skipped:
        (folder / SKIPPED).unlink(missing_ok=True)
        return
    csv_files.write(folder / SKIPPED, ("path", "reason"), sorted(skipped.items()))
