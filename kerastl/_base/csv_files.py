"""CSV as kerastl writes it: UTF-8, lines end with a newline, and a table read again has the same rows."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Sequence

from kerastl._base.files import replacing
from kerastl._base.text import ANY_NAME, unformula


def line(cells: Iterable[object], *, safe: bool = False) -> str:
    """Write one row.

    Args:
        cells: Its cells; None is an empty one.
        safe: Whether what a spreadsheet would compute gets an apostrophe, so that it stays a text.

    Returns:
        The row with a newline at its end. Cells that hold one, or a carriage return, are quoted.
    """
    import csv

    stream = io.StringIO()
    # Python quotes a carriage return only where lines end with one.
    csv.writer(stream, lineterminator="\r\n").writerow([unformula(cell) for cell in cells] if safe else list(cells))
    return stream.getvalue()[:-2] + "\n"


def write(
    target: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Sequence[object]], *, safe: bool = False
) -> None:
    """Write a table with a header, whole or not at all; bytes of file names go out as they came in.

    Args:
        target: The file.
        columns: The header.
        rows: As many cells each.
        safe: As for `line`.
    """
    with (
        replacing(target) as temporary,
        temporary.open("w", encoding="utf-8", errors=ANY_NAME, newline="") as stream,
    ):
        stream.write(line(columns))
        stream.writelines(line(row, safe=safe) for row in rows)
