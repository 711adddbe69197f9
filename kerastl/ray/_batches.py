"""The kinds of batches that tables come in: columns out of them, and columns back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol

from kerastl._inputs import REFUSED_ADDRESS
from kerastl.errors import ImageError
from kerastl.ray._answer_columns import NUMBER, NUMBERS, TEXT, TEXTS
from kerastl.sources._addresses import is_address

Answers = Mapping[str, tuple[str, list[Any]]]


class BatchKind(Protocol):
    """One kind of batch."""

    def accepts(self, batch: Any) -> bool:
        """Whether a batch is of this kind."""

    def columns(self, batch: Any) -> Mapping[str, Any]:
        """The columns by name."""

    def result(self, batch: Any, kept: Sequence[str], answers: Answers) -> Any:
        """A batch of this kind: of the columns that are kept, and the answers."""


@dataclass(frozen=True)
class _Frame:
    """A DataFrame of pandas."""

    def accepts(self, batch: Any) -> bool:
        return hasattr(batch, "iloc") and hasattr(batch, "columns")

    def columns(self, batch: Any) -> Mapping[str, Any]:
        return {str(name): batch[name] for name in batch.columns}

    def result(self, batch: Any, kept: Sequence[str], answers: Answers) -> Any:
        import pandas as pd

        columns = {
            name: pd.Series(values, index=batch.index, dtype="float32" if kind == NUMBER else "object")
            for name, (kind, values) in answers.items()
        }
        return batch[list(kept)].assign(**columns)


@dataclass(frozen=True)
class _Table:
    """A table of Arrow, whose columns have a type even where all is null."""

    def accepts(self, batch: Any) -> bool:
        return hasattr(batch, "column_names") and hasattr(batch, "append_column")

    def columns(self, batch: Any) -> Mapping[str, Any]:
        return {name: batch.column(name) for name in batch.column_names}

    def result(self, batch: Any, kept: Sequence[str], answers: Answers) -> Any:
        import pyarrow as pa

        types = {TEXT: pa.string(), NUMBER: pa.float32(), TEXTS: pa.list_(pa.string()), NUMBERS: pa.list_(pa.float32())}
        table = batch.select([name for name in kept if name not in answers])
        for name, (kind, values) in answers.items():
            table = table.append_column(name, pa.array(values, types[kind]))
        return table


@dataclass(frozen=True)
class _Mapping:
    """Arrays or lists by name, as Ray gives them where nothing else is asked for."""

    def accepts(self, batch: Any) -> bool:
        return isinstance(batch, Mapping)

    def columns(self, batch: Any) -> Mapping[str, Any]:
        return batch

    def result(self, batch: Any, kept: Sequence[str], answers: Answers) -> Any:
        return {**{name: batch[name] for name in kept}, **{name: _array(*each) for name, each in answers.items()}}


def _array(kind: str, values: list[Any]) -> Any:
    """Lists stay lists in their places, and null stays null, whatever the values."""
    import numpy as np

    if kind == NUMBER:
        return np.array([np.nan if value is None else value for value in values], np.float32)
    column = np.empty(len(values), object)
    column[:] = values
    return column


BATCHES: tuple[BatchKind, ...] = (_Frame(), _Table(), _Mapping())


def column_of(column: Any, urls: bool = False) -> list[Any]:
    """What stands in a column of images: each a path, bytes or an array, and never a folder or a pattern.

    Mappings with `bytes` and `path`, which tables of Hugging Face hold, give their bytes, or where there are none the
    path. What is no image to be read is an `ImageError` in its place.

    Args:
        column: Of any kind of batch.
        urls: Whether web addresses are fetched.
    """
    values = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return [_image(value, urls) for value in values]


def _image(value: Any, urls: bool) -> Any:
    if isinstance(value, Mapping) and {"bytes", "path"} & set(value):
        content = value.get("bytes")
        value = content if content is not None else value.get("path")
    if isinstance(value, (bytes, bytearray, memoryview)):
        return BytesIO(value)  # never the name of a file, as short bytes may be elsewhere
    if value is None:
        return ImageError("a row", "there is no image in it")
    if isinstance(value, str) and not is_address(value):
        return Path(value)  # a file, where text may stand for what lies in an archive
    if isinstance(value, str) and not urls:
        return ImageError(value, REFUSED_ADDRESS.format(what="an address", how="urls=True"))
    return value
