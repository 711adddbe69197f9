"""The table of an index, in LanceDB: written in whole commits, so that a killed process leaves nothing half done."""

from __future__ import annotations

import bisect
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.extras import require
from kerastl.errors import KerastlError
from kerastl.index._paths import LONGEST, WRONG

if TYPE_CHECKING:
    import pyarrow as pa
    from lancedb.table import Table

    from kerastl.index._facts import IndexFacts

TABLE = "images"
TABLE_FOLDER = f"{TABLE}.lance"
FILE_COLUMNS = ("path", "content", "size", "mtime_ns")
"""What is known of a file: text, a hash of 32 hexadecimal digits, bytes, nanoseconds since 1970."""
_ROWS_TOGETHER = 4096  # that are read
_MANY_FRAGMENTS = 16  # pieces of a table, each of one commit, that are made one
_KEPT = timedelta(days=1)  # what others may still read of an earlier state


def schema(facts: IndexFacts) -> pa.Schema:
    """The columns of the table.

    `path` is relative to the root, with forward slashes, or absolute; `label` and `split` are null where nobody has
    said them; `predicted` is what the model says, with `score`, and `added` when the image came.
    """
    import pyarrow as pa

    number = pa.from_numpy_dtype(np.dtype(facts.dtype))
    return pa.schema(
        [
            pa.field("path", pa.string(), nullable=False),
            pa.field("content", pa.string(), nullable=False),
            pa.field("size", pa.int64(), nullable=False),
            pa.field("mtime_ns", pa.int64(), nullable=False),
            pa.field("vector", pa.list_(number, facts.dimension), nullable=False),
            pa.field("label", pa.string()),
            pa.field("split", pa.string()),
            pa.field("predicted", pa.string()),
            pa.field("score", pa.float32()),
            pa.field("added", pa.timestamp("ms", "UTC")),
        ]
    )


@contextmanager
def reported(folder: Path) -> Iterator[None]:
    """Turn what LanceDB says of a table that it cannot read or write into one line."""
    try:
        yield
    except (KerastlError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        # What Rust calls a panic is no `Exception`.
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise KerastlError(f"{folder}: the table of the index cannot be read or written ({said})") from None
        raise


def connect(folder: Path) -> Any:
    """The database of LanceDB in a folder."""
    os.environ.setdefault("LANCEDB_LOG", "error")  # which is read once: else it warns of what users cannot change
    import lancedb

    return lancedb.connect(str(folder.absolute()))


class ImageTable:
    """A table, as it was when it was opened or last written to by this object.

    Args:
        folder: Of the index.
        facts: What its vectors are.
        create: Whether to make one where there is none.

    Raises:
        MissingExtraError: LanceDB is not installed.
        KerastlError: There is no table, or another than this.
    """

    def __init__(self, folder: Path, facts: IndexFacts, create: bool = False) -> None:
        require("an index of images", "search", "lancedb", "pyarrow")
        self.folder = folder
        self.dimension = facts.dimension
        self.dtype = np.dtype(facts.dtype)
        self.schema = schema(facts)
        with reported(folder):
            self._lance = self._opened(create)
        self._places: np.ndarray | None = None
        self._row_numbers: np.ndarray | None = None
        self._by_number = np.empty(0, np.int64)
        self._paths: pa.Array | None = None

    def _opened(self, create: bool) -> Table:
        database = connect(self.folder)
        if not (self.folder / TABLE_FOLDER).is_dir():
            if not create:
                raise KerastlError(f"{self.folder}: the table of the index is gone; make the index anew elsewhere")
            return database.create_table(TABLE, schema=self.schema)
        table = database.open_table(TABLE)
        if not table.schema.equals(self.schema):
            raise KerastlError(f"{self.folder}: the table {TABLE} is not the one that index.json describes")
        return table

    def again(self) -> ImageTable:
        """The same table, opened anew: it stays as it is while this one is written to."""
        other = object.__new__(ImageTable)
        other.__dict__.update(self.__dict__)
        with reported(self.folder):
            other._lance = self._opened(create=False)
        other._changed()
        return other

    def bytes_on_disk(self) -> int:
        """What the table takes, with what is kept of earlier states."""
        return sum(file.stat().st_size for file in (self.folder / TABLE_FOLDER).rglob("*") if file.is_file())

    @property
    def lance(self) -> Table:
        """The table of LanceDB itself."""
        return self._lance

    def __len__(self) -> int:
        return len(self.places)

    @property
    def places(self) -> np.ndarray:
        """Where each row of the table, as it is stored, comes in the order of the paths; int64 (n,)."""
        self._ordered()
        assert self._places is not None  # noqa: S101
        return self._places

    @property
    def paths(self) -> list[str]:
        """The paths, sorted."""
        self._ordered()
        assert self._paths is not None  # noqa: S101
        return self._paths.to_pylist()

    def _ordered(self) -> None:
        if self._places is not None:
            return
        import pyarrow.compute as pc

        with reported(self.folder):
            stored = self._lance.search().select(["path"]).to_arrow()["path"]
            order = pc.sort_indices(stored)
            self._paths = stored.take(order).combine_chunks()
        places = np.empty(len(stored), np.int64)
        places[order.to_numpy()] = np.arange(len(stored))
        self._check_paths(self._paths)
        self._places = places

    def _check_paths(self, paths: pa.Array) -> None:
        """Raise for what no index of ours holds: files are opened by these names."""
        import pyarrow.compute as pc

        if not len(paths):
            return
        wrong = pc.match_substring_regex(paths, WRONG)
        if pc.any(pc.or_(wrong, pc.greater(pc.binary_length(paths), LONGEST))).as_py():
            raise KerastlError(f"{self.folder}: the table of the index is damaged: it has paths that lead nowhere")

    @property
    def row_numbers(self) -> np.ndarray:
        """What LanceDB calls the row at each place; int64 (n,)."""
        if self._row_numbers is None:
            with reported(self.folder):
                stored = self._lance.search().select(["_rowid"]).with_row_id(True).to_arrow()["_rowid"].to_numpy()
            self._row_numbers = np.empty(len(stored), np.int64)
            self._row_numbers[self.places] = stored
            self._by_number = np.argsort(self._row_numbers)
        return self._row_numbers

    def places_of(self, numbers: np.ndarray) -> np.ndarray:
        """The places of rows, by what LanceDB calls them."""
        of_places = self.row_numbers
        return self._by_number[np.searchsorted(of_places, numbers, sorter=self._by_number)]

    def find(self, path: str) -> int | None:
        """The place of a path; None where there is no such image."""
        self._ordered()
        assert self._paths is not None  # noqa: S101
        paths = self._paths
        place = bisect.bisect_left(range(len(paths)), path, key=lambda at: paths[at].as_py())
        return place if place < len(paths) and paths[place].as_py() == path else None

    def with_content(self, content: str) -> list[int]:
        """The places of images whose files have this hash."""
        with reported(self.folder):
            found = self._lance.search().where(is_one_of("content", [content])).select(["_rowid"]).with_row_id(True)
            numbers = found.to_arrow()["_rowid"].to_numpy()
        return sorted(self.places_of(numbers).tolist())

    def rows(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Columns, in the order of the paths."""
        import pyarrow as pa

        places = self.places
        names = list(self.schema.names if columns is None else columns)
        with reported(self.folder):
            stored = self._lance.search().select(names).to_arrow().select(names)
            order = np.empty(len(places), np.int64)
            order[places] = np.arange(len(places))
            return stored.take(pa.array(order))

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """The vectors, some thousand at a time: the places of some images, and their vectors as float32."""
        places, first = self.places, 0
        with reported(self.folder):
            for batch in self._lance.search().select(["vector"]).to_batches(_ROWS_TOGETHER):
                yield places[first : first + len(batch)], as_matrix(batch.column("vector"))
                first += len(batch)

    def at(self, places: Sequence[int]) -> list[dict[str, Any]]:
        """The rows at some places, each once."""
        if not places:
            return []
        numbers = self.row_numbers[np.asarray(places)].tolist()
        with reported(self.folder):
            found = self._lance.take_row_ids(numbers).with_row_id().to_arrow()
        order = {int(place): number for number, place in enumerate(self.places_of(found["_rowid"].to_numpy()))}
        vectors, rows = as_matrix(found["vector"]), found.drop_columns(["vector"]).to_pylist()
        return [{**rows[order[place]], "vector": vectors[order[place]]} for place in places]

    def add(self, rows: pa.Table) -> None:
        """Add images whose paths are not there yet."""
        with reported(self.folder):
            self._lance.add(rows)
        self._changed()

    def replace(self, rows: pa.Table, gone: Sequence[str] = ()) -> None:
        """Put rows in the place of those with the same paths, or beside the others, and remove others, in one commit.

        Args:
            rows: With all columns.
            gone: The paths of rows to remove.
        """
        with reported(self.folder):
            merge = self._lance.merge_insert("path").when_matched_update_all().when_not_matched_insert_all()
            if gone:
                merge = merge.when_not_matched_by_source_delete(is_one_of("path", gone))
            merge.execute(rows)
        self._changed()

    def update(self, values: pa.Table) -> None:
        """Change some columns of images: `values` has `path` and these."""
        with reported(self.folder):
            self._lance.merge_insert("path").when_matched_update_all().execute(values)
        self._changed()

    def remove(self, paths: Sequence[str]) -> None:
        """Remove the rows of images."""
        with reported(self.folder):
            self._lance.delete(is_one_of("path", paths))
        self._changed()

    def tidy(self) -> None:
        """Make one of many small pieces, and let go of what nobody reads any more."""
        with reported(self.folder):
            pieces = self._lance.stats()["fragment_stats"]["num_small_fragments"]
            if pieces > _MANY_FRAGMENTS or self._lance.list_indices():
                self._lance.optimize(cleanup_older_than=_KEPT)
        self._changed()

    def _changed(self) -> None:
        self._places = self._paths = self._row_numbers = None


def as_matrix(column: Any) -> np.ndarray:
    """A column of vectors as float32 (n, d)."""
    shape = (-1, column.type.list_size)
    chunks = getattr(column, "chunks", [column])
    parts = [chunk.flatten().to_numpy(zero_copy_only=False).reshape(shape) for chunk in chunks]
    return np.concatenate(parts or [np.empty((0, shape[1]))]).astype(np.float32, copy=False)


def is_one_of(column: str, values: Sequence[str]) -> str:
    """The condition, in SQL, that a column has one of these values."""
    listed = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({listed})"
