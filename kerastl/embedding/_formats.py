"""The files that vectors are written to, by their suffixes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.extras import require
from kerastl._base.files import replacing
from kerastl._base.serialization import csv_line
from kerastl.errors import UsageError
from kerastl.results._columns import Column, RowLayout, short_numbers
from kerastl.results._formats import RESULT_FORMATS, ResultFormatName, text_file

if TYPE_CHECKING:
    from kerastl.embedding._embedder import EmbeddedImage

_FILE = (Column("path", "text"), Column("content", "text"), Column("size", "integer"), Column("mtime_ns", "integer"))
FILE_COLUMNS = tuple(column.name for column in _FILE)
"""What is known of a file, beside its vector."""


@dataclass(frozen=True)
class VectorsAbout:
    """What is the same for all vectors of a file.

    Args:
        model: The model's name.
        identity: What the vectors depend on, see `Embedder.identity`.
        features: Which.
        dtype: Of the vectors.
        dimension: How many numbers a vector has.
    """

    model: str
    identity: str
    features: str
    dtype: str
    dimension: int


@dataclass(frozen=True)
class EmbeddingFormat:
    """A kind of file.

    Args:
        description: What it is, in a few words.
        write: Writes rows, each with a vector, to a file of this kind, whole or not at all.
        modules: Packages that it needs beyond those of kerastl.
        any_name: Whether it can hold the names of files that are no text.
    """

    description: str
    write: Callable[[Path, Iterable[EmbeddedImage], VectorsAbout], None]
    modules: tuple[str, ...] = ()
    any_name: bool = True


def format_for(output: Path) -> EmbeddingFormat:
    """The format that a file's suffix names.

    Raises:
        UsageError: There is none.
        MissingExtraError: It needs a package that is not installed.
    """
    suffix = output.suffix.lower()
    if suffix not in EMBEDDING_FORMATS:
        raise UsageError(f"{output}: the suffix must be one of {', '.join(EMBEDDING_FORMATS)}. Received: {suffix!r}")
    found = EMBEDDING_FORMATS[suffix]
    require(found.description, "search", *found.modules)
    return found


def files_of(output: Path) -> list[Path]:
    """The files that are written for an output."""
    return [output, names_file(output)] if output.suffix.lower() == ".npy" else [output]


def names_file(output: Path) -> Path:
    """The table beside a NumPy array: its rows tell which image each row of the array is of."""
    return output.with_suffix(".paths.csv")


def vector_layout(about: VectorsAbout, *, errors: bool = False) -> RowLayout[EmbeddedImage]:
    """How vectors are written to tables and lines.

    Args:
        about: What the vectors are of.
        errors: Whether images without a vector are written, too, with the reason.
    """
    columns = [*_FILE, Column("vector", "vector", about.dimension, about.dtype)]
    said = {name: str(getattr(about, name)) for name in ("model", "identity", "features")}
    if not errors:
        return RowLayout(columns, lambda row: [*file_cells(row), row.vector], vector_object, said)

    def cells(row: EmbeddedImage) -> list[Any]:
        known = file_cells(row) if row.content else [row.path, None, None, None]
        return [*known, row.vector, row.error]

    return RowLayout([*columns, Column("error", "text")], cells, vector_object, said)


def file_cells(row: EmbeddedImage) -> list[str | int]:
    """The values of `FILE_COLUMNS`."""
    return [row.path, row.content, row.size, row.mtime_ns]


def vector_object(row: EmbeddedImage) -> dict[str, Any]:
    """A row as an object in JSON, with its vector under `vector`, or without one the reason."""
    if row.vector is None:
        return {"path": row.path, "error": row.error}
    return {**dict(zip(FILE_COLUMNS, file_cells(row), strict=True)), "vector": short_numbers(row.vector)}


def _write_as(form: ResultFormatName) -> Callable[[Path, Iterable[EmbeddedImage], VectorsAbout], None]:
    return lambda file, rows, about: RESULT_FORMATS[form].write(file, rows, vector_layout(about))


def _write_npy(file: Path, rows: Iterable[EmbeddedImage], about: VectorsAbout) -> None:
    """An array of shape (n, d), and beside it the table of the n images."""
    import numpy as np

    def header(count: int) -> dict[str, Any]:
        descr = np.lib.format.dtype_to_descr(np.dtype(about.dtype))
        return {"descr": descr, "fortran_order": False, "shape": (count, about.dimension)}

    with ExitStack() as stack:
        names = stack.enter_context(text_file(names_file(file)))
        vectors = stack.enter_context(stack.enter_context(replacing(file)).open("wb"))
        names.write(csv_line(FILE_COLUMNS))
        # The header leaves room for any number of rows, so that the true one fits when it is known.
        np.lib.format.write_array_header_1_0(vectors, header(0))
        count = 0
        for row in rows:
            assert row.vector is not None  # noqa: S101 - likewise
            vectors.write(row.vector.tobytes())
            names.write(csv_line(file_cells(row)))
            count += 1
        vectors.seek(0)
        np.lib.format.write_array_header_1_0(vectors, header(count))


EMBEDDING_FORMATS = {
    ".parquet": EmbeddingFormat("a Parquet file", _write_as("parquet"), ("pyarrow",), any_name=False),
    ".npy": EmbeddingFormat("a NumPy array, and a table of its rows beside it", _write_npy),
    ".csv": EmbeddingFormat("a table in text", _write_as("csv")),
    ".jsonl": EmbeddingFormat("JSON lines", _write_as("jsonl")),
}
"""By suffix."""
