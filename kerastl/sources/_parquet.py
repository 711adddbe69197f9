"""Read the images in a Parquet file: a column of bytes, or Hugging Face's `{bytes, path}`; a batch at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any

from kerastl._base.extras import require
from kerastl._base.text import listed, printable
from kerastl.images._limits import RefusedError
from kerastl.sources import _limits as limits
from kerastl.sources._member import Member

if TYPE_CHECKING:
    import pyarrow as pa
    from pyarrow import parquet

_IMAGE_NAMES = ("image", "images", "img", "picture", "photo", "jpg", "jpeg", "png", "image_bytes", "bytes", "content")
_PATH_NAMES = ("path", "file_name", "filename", "file", "image_path", "name", "__key__")
_ROWS = 16  # in memory at a time
_BUFFER = 1 << 20  # so that of a column no more is in memory either
_MOST_NAMED = 5_000_000  # rows whose paths are compared


@dataclass(frozen=True)
class ImageColumns:
    """Where images stand in a table.

    Args:
        image: The column.
        content: The column of the bytes: that, or a field of it, such as `image.bytes`.
        path: The column of the paths, or None.
    """

    image: str
    content: str
    path: str | None


def parquet_members(file: IO[bytes]) -> Iterator[Member]:
    """Read the images of a Parquet file.

    Args:
        file: Open, and able to seek.

    Yields:
        An image a row. It is called by its path if all rows have one and all are different, else by its number from 0.

    Raises:
        RefusedError: It is none, is broken, or no column can be told to hold images.
    """
    table = opened_parquet(file)
    for member, _ in parquet_rows(table, image_columns(table.schema_arrow), ()):
        yield member


def parquet_rows(
    table: parquet.ParquetFile, found: ImageColumns, columns: Sequence[str]
) -> Iterator[tuple[Member, tuple[Any, ...]]]:
    """The image of each row, as `parquet_members` gives it, and what other columns hold there."""
    names = _names(table, found.path)
    number = 0
    for batch in table.iter_batches(_ROWS, columns=[found.content, *columns], use_threads=False):
        contents = batch.column(batch.schema.get_field_index(found.image))
        if found.content != found.image:
            contents = contents.field("bytes")
        others = [batch.column(batch.schema.get_field_index(column)) for column in columns]
        for place, content in enumerate(contents):
            name = str(number) if names is None else names[number]
            size = content.as_buffer().size if content.is_valid else 0
            values = tuple(column[place].as_py() for column in others)
            yield Member(name, size, partial(_content, content), is_image=True), values
            number += 1


def opened_parquet(file: IO[bytes]) -> parquet.ParquetFile:
    """Look at the beginning of a Parquet file, which is at its end."""
    require("a Parquet file", "search", "pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(pa.PythonFile(file, mode="r"), buffer_size=_BUFFER, pre_buffer=False)
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise RefusedError("no Parquet file, or truncated: what it holds is said at its end") from None


def image_columns(schema: pa.Schema) -> ImageColumns:
    """Find the columns: those that Hugging Face's metadata call images, then by name, then the only one with bytes."""
    fields = {field.name: field for field in schema}
    possible = [name for name, field in fields.items() if _content_of(field)]
    said = [name for name, feature in huggingface_features(schema).items() if feature.get("_type") == "Image"]
    known = [name for name in _IMAGE_NAMES if name in possible]
    likely = [name for name in said if name in possible] or known[:1] or possible
    if len(likely) != 1:
        what = f"columns {listed(likely)} may be; call one of them image" if likely else "no column holds their bytes"
        raise RefusedError(f"cannot tell where its images are: {what}")
    image = likely[0]
    content, inner = _content_of(fields[image]), _field_names(fields[image].type)
    path = next((name for name in _PATH_NAMES if name in fields and _is_text(fields[name].type)), None)
    if path is None and "path" in inner and _is_text(fields[image].type.field("path").type):
        path = f"{image}.path"
    return ImageColumns(image, content, path)


def huggingface_features(schema: pa.Schema) -> dict[str, dict[str, Any]]:
    """What `datasets` wrote about each column; nothing where it did not, or it makes no sense."""
    try:
        said = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))["info"]["features"]
        return {str(name): feature for name, feature in said.items() if isinstance(feature, dict)}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _content_of(field: pa.Field) -> str:
    """The column of the bytes, if there is one."""
    if _is_bytes(field.type):
        return str(field.name)
    if "bytes" in _field_names(field.type) and _is_bytes(field.type.field("bytes").type):
        return f"{field.name}.bytes"
    return ""


def _field_names(kind: pa.DataType) -> list[str]:
    import pyarrow as pa

    return [kind.field(place).name for place in range(kind.num_fields)] if pa.types.is_struct(kind) else []


def _is_bytes(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_binary_view(kind)


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _content(value: pa.Scalar) -> bytes:
    if not value.is_valid:
        raise RefusedError("its row holds no image")
    limits.check_size(value.as_buffer().size)
    return value.as_py()


def _names(table: parquet.ParquetFile, path: str | None) -> list[str] | None:
    """The paths of all rows, if these are names."""
    if path is None or table.metadata.num_rows > _MOST_NAMED:
        return None
    names: list[str] = []
    for batch in table.iter_batches(1024, columns=[path], use_threads=False):
        column = batch.column(0)
        names += (column.field("path") if "." in path and path not in batch.schema.names else column).to_pylist()
    if None in names or "" in names or len(set(names)) < len(names):
        return None
    return [printable(name) for name in names]
