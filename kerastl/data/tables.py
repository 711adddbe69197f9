"""Tables that name a picture and its label in each row."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from kerastl.data.dataset import Dataset, Item, Split
from kerastl.data.given_splits import labels_of, settle
from kerastl.data.layouts.class_names import class_name
from kerastl.data.layouts.split_names import split_of
from kerastl.errors import DataError

SUFFIXES = frozenset({".csv", ".tsv"})
_PATH = (
    "path",
    "file",
    "filename",
    "filepath",
    "file_name",
    "file_path",
    "image",
    "image_path",
    "image_file",
    "img",
)
_LABEL = ("label", "class", "target", "class_name", "category")
_SPLIT = ("split", "set", "subset", "part", "partition")


@dataclass(frozen=True)
class _Columns:
    """Where a table's columns stand, as the places in a row."""

    path: int
    label: int
    split: int | None


def find(folder: Path) -> Path | None:
    """The table in `folder`, if exactly one there has a column of paths and one of labels."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    tables = [path for path in files if not path.name.startswith(".") and _has_columns(path)]
    return tables[0] if len(tables) == 1 else None


def read(table: Path) -> Dataset:
    """Read the pictures that `table` names; see `kerastl.data.scan`.

    Paths are relative to the table's folder, or absolute. Rows that say the same twice count once.

    Raises:
        DataError: If a column is missing, a row is incomplete or contradicts another, or none of the files
            exists.
    """
    root = table.parent
    items: dict[str, Item] = {}
    for number, path, label, split in rows(table):
        if not path.strip() or not label:
            raise DataError(f"{table}: row {number} has no {'label' if path.strip() else 'path'}")
        item = Item(_relative(path, root), label, _part(split, f"{table}: row {number}"))
        known = items.setdefault(item.path, item)
        if known != item:
            what = "labels" if known.label != item.label else "splits"
            raise DataError(f"{table}: row {number} gives {item.path} a second time, with different {what}")
    return _dataset(table, tuple(sorted(items.values())))


def _dataset(table: Path, items: tuple[Item, ...]) -> Dataset:
    parts = {item.split for item in items}
    if None in parts and len(parts) > 1:
        bare = next(item for item in items if item.split is None)
        raise DataError(f"{table}: the split of {bare.path} is empty; give each row one, or none")
    classes = labels_of([item for item in items if item.split in (None, "train")])
    if len(classes) < 2 and (not items or parts & {None, "train"}):
        found = f"one class only ('{classes[0]}')" if classes else "no rows"
        raise DataError(f"{table}: {found}; a classifier needs two classes or more")
    split = " and split" if parts != {None} else ""
    dataset = Dataset(
        root=table.parent,
        classes=classes,
        items=items,
        layout=f"{table.name} with path, label{split}: {len(items)} pictures in {len(classes)} classes",
        warnings=tuple(_missing(table, items)),
    )
    return settle(dataset) if parts != {None} else dataset


def _missing(table: Path, items: Sequence[Item]) -> list[str]:
    missing = [item.path for item in items if not (table.parent / item.path).exists()]
    if not missing:
        return []
    if len(missing) == len(items):
        raise DataError(f"{table}: none of its files exists ({missing[0]}); paths start at {table.parent}")
    what = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
    return [f"{what} named in {table.name} but not there ({missing[0]})"]


def _relative(path: str, root: Path) -> str:
    """`path` as items hold it: relative to `root` with forward slashes, absolute if outside."""
    if path != path.strip() and not (root / path).exists():
        path = path.strip()
    if os.sep == "/" and "\\" in path and not (root / path).exists():
        path = path.replace("\\", "/")  # a table that was written on Windows
    pure = PurePath(path)
    if pure.is_absolute() and pure.is_relative_to(root.absolute()):
        pure = pure.relative_to(root.absolute())
    return pure.as_posix()


def _part(text: str, where: str) -> Split | None:
    if not text:
        return None
    split = split_of(text)
    if split is None:
        raise DataError(f"{where}: split '{text}' is not one of train, val, test")
    return split


def rows(table: Path, *, any_bytes: bool = False) -> Iterator[tuple[int, str, str, str]]:
    """Read a table as `(number, path, label, split)` a row; the split may be empty.

    Args:
        table: The file.
        any_bytes: Whether labels may be no UTF-8, as in tables that kerastl wrote of folders with such names.

    Raises:
        DataError: If it cannot be read, or has no column of paths or of labels.
    """
    reader = _reader(table)
    header = next(reader, [])
    columns = _columns(header)
    if columns is None:
        raise DataError(
            f"{table}: needs a column of paths (path, file, filename, image) and one of labels "
            f"(label, class, target); its header: {', '.join(header) or 'empty'}"
        )
    try:
        for number, row in enumerate(reader, start=2):
            cells = row + [""] * (len(header) - len(row))
            if any(cell.strip() for cell in cells):
                split = "" if columns.split is None else cells[columns.split].strip()
                label = cells[columns.label]
                yield number, cells[columns.path], class_name(label) if any_bytes else _label(label, table), split
    except csv.Error as error:
        raise DataError(f"{table}: is no readable table ({error})") from error


def _label(text: str, table: Path) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(f"{table}: is not UTF-8; save it as UTF-8") from None
    return class_name(text)


def _reader(table: Path) -> Iterator[list[str]]:
    try:
        # Names of files need not be UTF-8; labels are checked.
        text = table.read_bytes().decode("utf-8-sig", errors="surrogateescape")
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror})") from error
    header = text.partition("\n")[0]
    # The header decides: names of columns hold no delimiters, while paths and labels may hold any.
    delimiter = max(",;\t|", key=header.count)
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)


def _columns(header: Sequence[str]) -> _Columns | None:
    names = [name.strip().lower().replace(" ", "_") for name in header]
    path, label, split = (
        next((names.index(n) for n in known if n in names), None) for known in (_PATH, _LABEL, _SPLIT)
    )
    return None if path is None or label is None else _Columns(path, label, split)


def _has_columns(table: Path) -> bool:
    try:
        return _columns(next(_reader(table), [])) is not None
    except DataError:
        return False
