"""What an archive says about its images: WebDataset's `.cls`, and the columns of a Parquet file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from kerastl.data._layouts.frames import cell_text
from kerastl.errors import KerastlError
from kerastl.images._error_messages import reason
from kerastl.images._formats import IMAGE, Sorter
from kerastl.images._limits import MEBIBYTE, RefusedError
from kerastl.sources import _limits as limits
from kerastl.sources._archives import Archive
from kerastl.sources._images_in import is_wanted, tidy_name
from kerastl.sources._limits import EndsHereError
from kerastl.sources._member import Member
from kerastl.tasks._label_text import join_labels

LABEL = "label"
"""The column of what `.cls` holds."""
CLASS_NAMES = "classes.txt"
"""A list of the names that numbers in `.cls` stand for, one a line from 0."""
_CLS = "cls"
_LONGEST_LABEL = 1 << 16
_TABLE_SUFFIXES = frozenset((".csv", ".tsv", ".jsonl"))
_MOST_TABLE_BYTES = 64 * MEBIBYTE
_MOST_COLUMNS = 64


@dataclass(frozen=True)
class Sample:
    """A file of an archive that is to be kept.

    Args:
        name: In the archive.
        content: Its bytes; None where it cannot be taken.
        cells: What is said of it, by column.
        fault: Why it cannot be taken.
        is_image: Whether it is one, and not a table of labels or of names.
    """

    name: str
    content: bytes | None
    cells: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    is_image: bool = True


def archive_samples(archive: Archive) -> Iterator[Sample]:
    """Read the images of an archive, with what it says about each, in constant memory.

    Raises:
        RefusedError: It is broken, truncated, or more than it may be.
        OSError: It cannot be read.
    """
    with archive.open() as file:
        if archive.container.suffixes == (".parquet",):
            yield from _of_parquet(file)
        else:
            yield from _of_members(archive.container.members(file), archive.name)


def _of_members(members: Iterator[Member], archive: str) -> Iterator[Sample]:
    sorter, group = Sorter(), _Group("")
    for member in members:
        name = tidy_name(member.name)
        folder, _, base = name.rpartition("/")
        stem, _, extension = base.partition(".")
        if (key := f"{folder}/{stem}") != group.key:
            yield from group.samples()
            group = _Group(key)
        if member.kind:
            continue
        if extension.lower() == _CLS:
            group.label = _label(member)
        elif base == CLASS_NAMES or os.path.splitext(base)[1].lower() in _TABLE_SUFFIXES:  # noqa: PTH122
            if member.size <= _MOST_TABLE_BYTES:
                yield _sample(name, member, is_image=False)
        elif is_wanted(member, archive, sorter) and sorter.kind(f"{archive}::{name}") == IMAGE:
            group.images.append(_sample(name, member))
    yield from group.samples()


class _Group:
    """Files that follow one another and have a name in common up to the first dot: one sample of WebDataset."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.label: str | None = None
        self.images: list[Sample] = []

    def samples(self) -> Iterator[Sample]:
        if self.label is None:
            yield from self.images
        elif self.images:
            # `a.jpg` before `a.mask.png`.
            first = min(self.images, key=lambda image: image.name.rpartition("/")[2].count("."))
            yield Sample(first.name, first.content, {LABEL: self.label}, first.fault)


def _sample(name: str, member: Member, is_image: bool = True) -> Sample:
    try:
        limits.check_name(member.name)
        return Sample(name, member.read(), is_image=is_image)
    except (KerastlError, EndsHereError):
        raise
    except Exception as error:  # as for a single image
        return Sample(name, None, fault=reason(error), is_image=is_image)


def _label(member: Member) -> str:
    if member.size > _LONGEST_LABEL:
        raise RefusedError(f"{member.name} is too long for a label")
    return member.read().decode("utf-8", "surrogateescape").strip()


def _of_parquet(file: IO[bytes]) -> Iterator[Sample]:
    from kerastl.sources._parquet import huggingface_features, image_columns, opened_parquet, parquet_rows

    table = opened_parquet(file)
    found, features = image_columns(table.schema_arrow), huggingface_features(table.schema_arrow)
    columns = [name for name in _plain_columns(table.schema_arrow) if name not in (found.image, found.path)]
    for member, values in parquet_rows(table, found, columns):
        sample = _sample(tidy_name(member.name), member)
        cells = {name: _cell(value, features.get(name, {})) for name, value in zip(columns, values, strict=True)}
        yield Sample(sample.name, sample.content, cells, sample.fault)


def _plain_columns(schema: Any) -> list[str]:
    """The columns of texts, numbers and lists of these."""
    import pyarrow as pa

    def is_plain(kind: Any) -> bool:
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        return is_text or pa.types.is_primitive(kind)

    def is_list(kind: Any) -> bool:
        return pa.types.is_list(kind) or pa.types.is_large_list(kind)

    plain = [
        field.name
        for field in schema
        if is_plain(field.type) or (is_list(field.type) and is_plain(field.type.value_type))
    ]
    return plain[:_MOST_COLUMNS]


def _cell(value: Any, feature: dict[str, Any]) -> str:
    """A cell as a table of text has it; numbers of classes by their names, as `datasets` wrote them."""
    if isinstance(value, list):
        inner = feature.get("feature", feature)
        return join_labels(_cell(one, inner if isinstance(inner, dict) else {}) for one in value)
    names = feature.get("names") if feature.get("_type") == "ClassLabel" else None
    if isinstance(names, list) and isinstance(value, int):
        return str(names[value]) if 0 <= value < len(names) else ""  # -1 is none
    return cell_text(value)
