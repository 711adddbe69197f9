"""Tables of JSON lines: an object a row, as in Hugging Face's `metadata.jsonl`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from kerastl.data._layouts.frames import cell_text
from kerastl.data._layouts.table_files import Table
from kerastl.errors import DataError
from kerastl.tasks._label_text import join_labels

_SEEN = 1000  # rows whose keys are the columns
_MOST_COLUMNS = 1000


def json_table(path: Path, lines: Callable[[], Iterator[str]]) -> Table:
    """Read a table whose columns are the keys of the first objects.

    Args:
        path: The file, for messages.
        lines: Gives its lines anew.

    Raises:
        DataError: A line is no object, or there are too many keys.
    """
    columns: dict[str, None] = {}
    for _, row in islice(_objects(path, lines()), _SEEN):
        columns.update(dict.fromkeys(row))
        if len(columns) > _MOST_COLUMNS:
            raise DataError(f"{path}: more than {_MOST_COLUMNS:,} keys, which is no table of labels")

    def read() -> Iterator[tuple[object, Sequence[str]]]:
        for number, row in _objects(path, lines()):
            yield number, [_cell(row.get(column)) for column in columns]

    return Table(str(path), tuple(columns), read, row="line")


def _objects(path: Path, lines: Iterator[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise DataError(f"{path}: line {number} is no JSON object")
        yield number, row


def _cell(value: Any) -> str:
    """A value as a table of text has it: of a list its parts as labels; what is made of more says nothing."""
    if isinstance(value, dict):
        return ""
    if isinstance(value, list):
        return join_labels(cell_text(one) for one in value if not isinstance(one, (dict, list)))
    return cell_text(value)
