"""The columns of results, and how each kind of value stands in Parquet and in CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from kerastl._base.serialization import to_json
from kerastl._base.text import as_unicode, printable

if TYPE_CHECKING:
    import numpy as np

KindName: TypeAlias = Literal["text", "integer", "number", "flag", "predictions", "vector"]


class Row(Protocol):
    """What became of an image."""

    @property
    def error(self) -> str | None:
        """Why there is no answer; None where there is one."""


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Column:
    """A column.

    Args:
        name: Its name; of a vector in CSV the beginning of the names.
        kind: Of its values, any of which may be None.
        size: How many numbers a vector has.
        dtype: Of a vector.
    """

    name: str
    kind: KindName
    size: int = 0
    dtype: str = "float32"

    @property
    def names(self) -> list[str]:
        """Its names in CSV: a vector has a column a number."""
        return [f"f{number}" for number in range(self.size)] if self.kind == "vector" else [self.name]


@dataclass(frozen=True)
class RowLayout(Generic[R]):
    """How results are written.

    Args:
        columns: Of tables.
        cells: The values of a result, one a column.
        as_dict: A result as an object in JSON.
        about: What a Parquet file says of itself, by name.
        csv_safe: Whether names in CSV that a spreadsheet would compute get an apostrophe.
    """

    columns: Sequence[Column]
    cells: Callable[[R], Sequence[Any]]
    as_dict: Callable[[R], dict[str, Any]]
    about: Mapping[str, str] = field(default_factory=dict)
    csv_safe: bool = False


def short_numbers(vector: np.ndarray) -> list[float]:
    """The numbers of a vector, each as short as its own type lets it be."""
    return [float(str(number)) for number in vector]


def csv_cells(column: Column, value: Any) -> list[object]:
    """A value in CSV; None is empty."""
    if value is None:
        return [""] * len(column.names)
    return KINDS[column.kind].cells(value)


def arrow_field(column: Column) -> Any:
    """The field of a Parquet file."""
    import pyarrow as pa

    return pa.field(column.name, KINDS[column.kind].arrow(pa, column))


def arrow_array(column: Column, values: Sequence[Any]) -> Any:
    """The values of a column for a Parquet file."""
    import pyarrow as pa

    if column.kind == "vector":
        return _vectors(column, values)
    if column.kind == "text":
        values = [None if value is None else _text(value) for value in values]
    return pa.array(values, KINDS[column.kind].arrow(pa, column))


def _vectors(column: Column, values: Sequence[Any]) -> Any:
    import numpy as np
    import pyarrow as pa

    missing = [value is None for value in values]
    flat = np.zeros((len(values), column.size), column.dtype)
    for place, value in enumerate(values):
        if value is not None:
            flat[place] = value
    mask = pa.array(missing) if any(missing) else None
    return pa.FixedSizeListArray.from_arrays(pa.array(flat.ravel()), column.size, mask=mask)


def _text(value: str) -> str:
    """A text that Parquet can hold: bytes of a file's name that are no text are escaped."""
    return value if as_unicode(value) == value else printable(value)


def _predictions_type(pa: Any) -> Any:
    names = (("label", pa.string()), ("score", pa.float64()), ("index", pa.int64()), ("wnid", pa.string()))
    return pa.list_(pa.struct(names))


def _vector_type(pa: Any, column: Column) -> Any:
    import numpy as np

    return pa.list_(pa.from_numpy_dtype(np.dtype(column.dtype)), column.size)


@dataclass(frozen=True)
class _Kind:
    """A kind of values.

    Args:
        arrow: The type in Parquet, from the module pyarrow and the column.
        cells: A value that is there, in CSV.
    """

    arrow: Callable[[Any, Column], Any]
    cells: Callable[[Any], list[object]]


KINDS: dict[KindName, _Kind] = {
    "text": _Kind(lambda pa, column: pa.string(), lambda value: [value]),
    "integer": _Kind(lambda pa, column: pa.int64(), lambda value: [value]),
    "number": _Kind(lambda pa, column: pa.float64(), lambda value: [f"{value:.7g}"]),
    "flag": _Kind(lambda pa, column: pa.bool_(), lambda value: [int(value)]),
    "predictions": _Kind(lambda pa, column: _predictions_type(pa), lambda value: [to_json(value, None, letters=True)]),
    "vector": _Kind(_vector_type, lambda value: list(short_numbers(value))),
}
