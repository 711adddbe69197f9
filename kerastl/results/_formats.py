"""The formats of a file of results: how each is written, whole or not at all, and read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, TypeAlias, TypeVar

from kerastl._base.files import replacing
from kerastl._base.serialization import csv_line, to_json
from kerastl._base.text import ANY_NAME
from kerastl.results._columns import RowLayout, arrow_array, arrow_field, csv_cells

ResultFormatName: TypeAlias = Literal["parquet", "csv", "jsonl"]
T = TypeVar("T")
_ROWS = 1024  # of a row group in Parquet
_LONGEST_LINE = 1 << 24  # letters


@dataclass(frozen=True)
class ResultFormat:
    """A format.

    Args:
        description: What it is, in a few words.
        write: Writes results to a file.
        read: Reads an open file of it: an object a row. Raises `ValueError` for what is none.
        modules: Packages that it needs beyond those of kerastl.
    """

    description: str
    write: Callable[[Path, Iterable[Any], RowLayout[Any]], None]
    read: Callable[[IO[bytes]], Iterator[dict[str, Any]]]
    modules: tuple[str, ...] = ()


@contextmanager
def text_file(file: Path) -> Iterator[io.TextIOWrapper]:
    """A file of text that appears when it is complete; names go out as the bytes that they are."""
    with (
        replacing(file) as temporary,
        temporary.open("w", encoding="utf-8", errors=ANY_NAME, newline="") as stream,
    ):
        yield stream


def _write_jsonl(file: Path, rows: Iterable[Any], layout: RowLayout[Any]) -> None:
    with text_file(file) as stream:
        stream.writelines(f"{to_json(layout.as_dict(row), None)}\n" for row in rows)


def _write_csv(file: Path, rows: Iterable[Any], layout: RowLayout[Any]) -> None:
    with text_file(file) as stream:
        stream.write(csv_line(name for column in layout.columns for name in column.names))
        for row in rows:
            pairs = zip(layout.columns, layout.cells(row), strict=True)
            cells = [cell for column, value in pairs for cell in csv_cells(column, value)]
            stream.write(csv_line(cells, safe=layout.csv_safe))


def _write_parquet(file: Path, rows: Iterable[Any], layout: RowLayout[Any]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    said = {f"kerastl.{name}": text for name, text in layout.about.items()}
    schema = pa.schema([arrow_field(column) for column in layout.columns], metadata=said)
    with replacing(file) as temporary, parquet.ParquetWriter(temporary, schema) as writer:
        for group in _groups(map(layout.cells, rows)):
            values = zip(layout.columns, zip(*group, strict=True), strict=True)
            arrays = [arrow_array(column, found) for column, found in values]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _groups(rows: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(rows)
    while group := list(islice(iterator, _ROWS)):
        yield group


def _read_jsonl(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    import json

    with io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="\n") as text:
        while line := text.readline(_LONGEST_LINE):
            try:
                row = json.loads(line)
            except RecursionError:
                row = None
            if not isinstance(row, dict):
                raise ValueError("a line is no object")
            yield row


def _read_csv(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    import csv

    with io.TextIOWrapper(stream, encoding="utf-8", errors="surrogateescape", newline="") as text:
        try:
            yield from csv.DictReader(text, strict=True)
        except csv.Error as error:
            raise ValueError(str(error)) from None


def _read_parquet(stream: IO[bytes]) -> Iterator[dict[str, Any]]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(stream) as opened:
            for batch in opened.iter_batches(_ROWS):
                yield from batch.to_pylist()
    except pa.ArrowException as error:
        raise ValueError(str(error)) from None


RESULT_FORMATS: dict[ResultFormatName, ResultFormat] = {
    "parquet": ResultFormat("Parquet files", _write_parquet, _read_parquet, ("pyarrow",)),
    "csv": ResultFormat("tables in text", _write_csv, _read_csv),
    "jsonl": ResultFormat("JSON lines", _write_jsonl, _read_jsonl),
}
