"""CSV and JSON as kerastl writes them: any reader takes them, whatever names and numbers are in them."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Iterable, Sequence
from typing import Any

from kerastl._base.files import replacing
from kerastl._base.text import ANY_NAME, unformula


def csv_line(cells: Iterable[object], *, safe: bool = False) -> str:
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


def write_csv(
    target: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Sequence[object]], *, safe: bool = False
) -> None:
    """Write a table with a header, whole or not at all; bytes of file names go out as they came in.

    Args:
        target: The file.
        columns: The header.
        rows: As many cells each.
        safe: As for `csv_line`.
    """
    with (
        replacing(target) as temporary,
        temporary.open("w", encoding="utf-8", errors=ANY_NAME, newline="") as stream,
    ):
        stream.write(csv_line(columns))
        stream.writelines(csv_line(row, safe=safe) for row in rows)


def to_json(value: Any, indent: int | None = 1, *, letters: bool = False) -> str:
    """Write a value as JSON.

    Args:
        value: Mappings with text as keys, lists, tuples, text, numbers, truth values and None. NaN and infinity, which
            JSON does not have, become null.
        indent: As for `json.dumps`.
        letters: Whether letters stay as they are, for people to read; else all is ASCII. Where a name has bytes that
            are no text, all is ASCII anyway.
    """
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=not letters, allow_nan=False)
    except ValueError:
        text = json.dumps(_finite(value), indent=indent, ensure_ascii=not letters, allow_nan=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return to_json(value, indent)
    return text


def script_json(value: Any) -> str:
    """Write a value as JSON that can stand in a script element of a page: nothing in it ends the element.

    Args:
        value: As for `to_json`.
    """
    return to_json(value, None).replace("<", "\\u003c")  # without such a sign no tag ends and no comment begins


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
