"""Labeled images that Python holds: a DataFrame, rows of path and label, lists of paths by label."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kerastl.data._layouts.column_names import by_name
from kerastl.data._layouts.table_files import Table
from kerastl.errors import UsageError

_HEADER = ("path", "label", "split")


def as_table(data: object) -> Table:
    """Make a table of what Python holds.

    Args:
        data: A DataFrame of pandas or polars; a mapping of column names to columns, or of labels to lists of paths;
            or rows of `(path, label)` or `(path, label, split)`, an array of them included.

    Raises:
        UsageError: It is none of these.
    """
    if hasattr(data, "itertuples"):
        return _frame(data)
    if hasattr(data, "iter_rows"):
        return _table("DataFrame", data.columns, list(data.iter_rows()))  # type: ignore[attr-defined]
    if isinstance(data, Mapping):
        return _mapping(data)
    if isinstance(data, Iterable) and not isinstance(data, str | bytes):
        return _rows(list(data))
    raise UsageError(
        "data must be a folder, a table, a DataFrame, a Dataset, or rows of (path, label). "
        f"Received: {type(data).__name__}"
    )


def _frame(data: Any) -> Table:
    if isinstance(data.index.name, str) and data.index.name not in data.columns:
        data = data.reset_index()  # `read_csv(..., index_col="image")`
    header = tuple(map(str, data.columns))

    def read() -> Iterator[tuple[object, Sequence[str]]]:
        # Its index is what people know a row by.
        for index, row in zip(data.index, data.itertuples(index=False, name=None), strict=True):
            yield index, [cell_text(cell) for cell in row]

    return Table("DataFrame", header, read)


def _mapping(data: Mapping[Any, Any]) -> Table:
    columns = {str(name): list(values) for name, values in data.items() if not isinstance(values, str | bytes)}
    if len(columns) < len(data):
        raise UsageError("data must be a mapping of labels to lists of paths. Received: a mapping to text")
    if by_name(list(columns)) is not None and len({len(values) for values in columns.values()}) == 1:
        return _table("data", list(columns), list(zip(*columns.values(), strict=True)))
    return _table("data", _HEADER[:2], [(path, label) for label, paths in columns.items() for path in paths])


def _rows(rows: list[Any]) -> Table:
    for number, row in enumerate(rows):
        fits = not isinstance(row, str | bytes | os.PathLike) and hasattr(row, "__len__") and 2 <= len(row) <= 3
        if not fits or len(row) != len(rows[0]):
            raise UsageError(
                f"data must be rows of (path, label) or (path, label, split). Received: {_short(row)} as item {number}"
            )
    return _table("data", _HEADER[: len(rows[0]) if rows else 2], rows, "item")


def _table(name: str, header: Iterable[Any], rows: Sequence[Sequence[Any]], called: str = "row") -> Table:
    def read() -> Iterator[tuple[object, Sequence[str]]]:
        for number, row in enumerate(rows):
            yield number, [cell_text(cell) for cell in row]

    return Table(name, tuple(map(str, header)), read, row=called)


def cell_text(cell: Any) -> str:
    """A cell as a table has it: nothing for what is missing, and no `.0` that a missing value gave to numbers."""
    if isinstance(cell, str):
        return str(cell)  # numpy's text, too
    if isinstance(cell, bytes | os.PathLike):
        return os.fsdecode(cell)
    if cell is None or cell != cell or str(cell) in ("<NA>", "NaT"):
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
