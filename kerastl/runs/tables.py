"""The tables of a run folder."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerastl import files

SKIPPED = "skipped.csv"


def write_rows(file: Path, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table with a header, such as one row an epoch."""
    with files.replacing(file) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_skipped(folder: Path, skipped: Mapping[str, str]) -> None:
    """Write the pictures that could not be read, and why; nothing when there are none."""
    if not skipped:
        (folder / SKIPPED).unlink(missing_ok=True)
        return
    with (
        files.replacing(folder / SKIPPED) as temporary,
        temporary.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream,
    ):
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("path", "reason"))
        writer.writerows(sorted(skipped.items()))
