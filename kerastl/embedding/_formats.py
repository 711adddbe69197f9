"""The files that vectors are written to, by their suffixes."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.extras import require
from kerastl._base.files import replacing
from kerastl._base.serialization import csv_line, to_json
from kerastl._base.text import ANY_NAME
from kerastl.errors import UsageError

if TYPE_CHECKING:
    from kerastl.embedding._embedder import EmbeddedImage

FILE_COLUMNS = ("path", "content", "size", "mtime_ns")
"""What is known of a file, beside its vector."""
_ROWS = 1024  # of a row group in Parquet


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


def file_cells(row: EmbeddedImage) -> list[str | int]:
    """The values of `FILE_COLUMNS`."""
    return [row.path, row.content, row.size, row.mtime_ns]


def json_line(row: EmbeddedImage) -> str:
    """A row as a line of JSON, with its vector under `vector`."""
    return to_json({**dict(zip(FILE_COLUMNS, file_cells(row), strict=True)), "vector": _numbers(row)}, None) + "\n"


def _numbers(row: EmbeddedImage) -> list[float]:
    """The numbers of a vector, each as short as its own type lets it be."""
    assert row.vector is not None  # noqa: S101 - rows without one are not written
    return [float(str(number)) for number in row.vector]


def _opened(stack: ExitStack, file: Path) -> io.TextIOWrapper:
    temporary = stack.enter_context(replacing(file))
    return stack.enter_context(temporary.open("w", encoding="utf-8", errors=ANY_NAME, newline=""))


def _write_json_lines(file: Path, rows: Iterable[EmbeddedImage], about: VectorsAbout) -> None:
    with ExitStack() as stack:
        _opened(stack, file).writelines(map(json_line, rows))


def _write_csv(file: Path, rows: Iterable[EmbeddedImage], about: VectorsAbout) -> None:
    with ExitStack() as stack:
        stream = _opened(stack, file)
        stream.write(csv_line([*FILE_COLUMNS, *(f"f{number}" for number in range(about.dimension))]))
        stream.writelines(csv_line([*file_cells(row), *_numbers(row)]) for row in rows)


def _write_npy(file: Path, rows: Iterable[EmbeddedImage], about: VectorsAbout) -> None:
    """An array of shape (n, d), and beside it the table of the n images."""
    import numpy as np

    def header(count: int) -> dict[str, Any]:
        descr = np.lib.format.dtype_to_descr(np.dtype(about.dtype))
        return {"descr": descr, "fortran_order": False, "shape": (count, about.dimension)}

    with ExitStack() as stack:
        names = _opened(stack, names_file(file))
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


def _write_parquet(file: Path, rows: Iterable[EmbeddedImage], about: VectorsAbout) -> None:
    """A table whose column `vector` has lists of one size; the model and the features stand in its metadata."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import parquet

    number = pa.from_numpy_dtype(np.dtype(about.dtype))
    fields = [("path", pa.string()), ("content", pa.string()), ("size", pa.int64()), ("mtime_ns", pa.int64())]
    said = {f"kerastl.{name}": str(getattr(about, name)) for name in ("model", "identity", "features")}
    schema = pa.schema([*fields, ("vector", pa.list_(number, about.dimension))], metadata=said)
    with replacing(file) as temporary, parquet.ParquetWriter(temporary, schema) as writer:
        for group in _groups(rows):
            columns = [pa.array(values, kind) for values, (_, kind) in zip(_cells(group), fields, strict=True)]
            flat = np.concatenate([row.vector for row in group if row.vector is not None])
            columns.append(pa.FixedSizeListArray.from_arrays(pa.array(flat), about.dimension))
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _groups(rows: Iterable[EmbeddedImage]) -> Iterator[list[EmbeddedImage]]:
    iterator = iter(rows)
    while group := list(islice(iterator, _ROWS)):
        yield group


def _cells(group: list[EmbeddedImage]) -> Iterator[tuple[Any, ...]]:
    return zip(*map(file_cells, group), strict=True)


EMBEDDING_FORMATS = {
    ".parquet": EmbeddingFormat("a Parquet file", _write_parquet, ("pyarrow",), any_name=False),
    ".npy": EmbeddingFormat("a NumPy array, and a table of its rows beside it", _write_npy),
    ".csv": EmbeddingFormat("a table in text", _write_csv),
    ".jsonl": EmbeddingFormat("JSON lines", _write_json_lines),
}
"""By suffix."""
