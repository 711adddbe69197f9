"""From the rows of a table to labelled pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl.data.dataset import Item, Split
from kerastl.data.layouts.class_names import class_name
from kerastl.data.layouts.column_names import Places, by_name, flag_splits, one_hot
from kerastl.data.layouts.columns import TableColumns, choose
from kerastl.data.layouts.picture_finder import AmbiguousError, PictureFinder
from kerastl.data.layouts.split_names import parse, split_of
from kerastl.data.layouts.table_files import Table
from kerastl.errors import DataError
from kerastl.text import printable

_TRUE, _FALSE = frozenset(("1", "1.0", "true", "yes", "t", "y")), frozenset(("0", "0.0", "false", "no", "f", "n"))


@dataclass(frozen=True)
class Row:
    """What a row says.

    Args:
        number: Of the row, or its index.
        item: The picture.
        is_there: Whether its file was found.
        spelled: The label as it was written.
    """

    number: object
    item: Item
    is_there: bool
    spelled: str


def split_named(table: Table) -> Split | None:
    """The split that a table is called after, as in `train.csv` and `test_labels.csv`."""
    found = parse(Path(table.name).stem, table=True)
    return found.split if found else None


def with_columns(table: Table, wanted: TableColumns, finder: PictureFinder) -> tuple[Table, Places]:
    """The columns of a table; a first line that names a picture is no header.

    Raises:
        DataError: They cannot be told.
    """
    if by_name(table.header) is None and table.headed and any(_is_picture(cell, finder) for cell in table.header):
        table = table.without_header()
    return table, choose(table, wanted, finder)


def _is_picture(cell: str, finder: PictureFinder) -> bool:
    try:
        return finder.find(cell) is not None
    except AmbiguousError:
        return True


def read_rows(table: Table, places: Places, finder: PictureFinder, split: Split | None = None) -> Iterator[Row]:
    """Read a table.

    Args:
        table: The table.
        places: Where its columns stand.
        finder: Finds the pictures.
        split: What all rows belong to; None where the table says that itself, or nothing does.

    Raises:
        DataError: A row is incomplete, or makes no sense.
    """
    flags = None if places.split is None else flag_splits(table.header[places.split])
    for number, cells in table.read():
        where = table.where(number)
        spelled = _label(table, cells, places, where)
        path = cells[places.path]
        label = class_name(spelled)
        if not path.strip() or not label:
            raise DataError(f"{where} has no {'label' if path.strip() else 'path'}")
        if "\n" in path or "\n" in label:
            raise DataError(f"{where} has a line break in a cell; is there a quote that nothing closes?")
        part = split if split or places.split is None else _split(cells[places.split].strip(), flags, where)
        try:
            found = finder.find(path)
        except AmbiguousError as error:
            raise DataError(f"{where}: {error}") from None
        yield Row(number, Item(found or finder.written(path), label, part), found is not None, spelled)


def _label(table: Table, cells: Sequence[str], places: Places, where: str) -> str:
    if len(places.labels) == 1:
        text = cells[places.labels[0]]
    else:
        place = one_hot(cells, places.labels)
        if place is None:
            names = table.some(places.labels)
            raise DataError(
                f"{where} has not just one 1 in the columns {names}; kerastl classifies into one class each"
            )
        text = table.header[place]
    try:
        text.encode()
    except UnicodeEncodeError:
        raise DataError(f"{table.name}: is not UTF-8; save it as UTF-8") from None
    return text


def _split(text: str, flags: tuple[Split, Split] | None, where: str) -> Split | None:
    if flags is not None and text.lower() in _TRUE | _FALSE:
        return flags[0] if text.lower() in _TRUE else flags[1]
    if not text:
        return None
    split = split_of(text)
    if split is None:
        raise DataError(f"{where}: split '{printable(text)}' is not one of train, val, test")
    return split
