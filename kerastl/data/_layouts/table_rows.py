"""From the rows of a table to labeled images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.text import printable
from kerastl.data._dataset import Item, Split
from kerastl.data._layouts.class_names import class_name
from kerastl.data._layouts.column_names import Places, by_name, flag_splits, ones
from kerastl.data._layouts.columns import TableColumns, find_columns
from kerastl.data._layouts.image_finder import AmbiguousError, ImageFinder, is_called
from kerastl.data._layouts.label_format import labels_in
from kerastl.data._layouts.split_names import parse, split_of
from kerastl.data._layouts.table_files import Table
from kerastl.errors import DataError
from kerastl.tasks._label_text import SEPARATOR, join_labels

_FEW = 3
# Of Windows-1252, beside the letters.
_PUNCTUATION = "\u2018\u2019\u201a\u201c\u201d\u201e\u2013\u2014\u2026\u20ac\xa0\xab\xb0\xb4\xb7\xbb\xd7\xb2\xb3"
_TRUE, _FALSE = frozenset(("1", "1.0", "true", "yes", "t", "y")), frozenset(("0", "0.0", "false", "no", "f", "n"))


@dataclass(frozen=True)
class Row:
    """What a row says.

    Args:
        number: Of the row, or its index.
        item: The image.
        is_there: Whether its file was found.
        spelled: The label as it was written.
        is_renamed: Whether the file is called otherwise than the table says.
        is_western: Whether it was not UTF-8, and was read as Windows-1252.
    """

    number: object
    item: Item
    is_there: bool
    spelled: str
    is_renamed: bool = False
    is_western: bool = False


def split_named(table: Table) -> Split | None:
    """The split that a table is called after, as in `train.csv` and `test_labels.csv`."""
    found = parse(Path(table.name).stem, table=True)
    return found.split if found else None


def with_columns(table: Table, wanted: TableColumns, finder: ImageFinder) -> tuple[Table, Places]:
    """The columns of a table; a first line that names an image is no header.

    Raises:
        DataError: They cannot be told.
    """
    if by_name(table.header) is None and table.headed and any(_is_image(cell, finder) for cell in table.header):
        table = table.without_header()
    return table, find_columns(table, wanted, finder)


def _is_image(cell: str, finder: ImageFinder) -> bool:
    try:
        return finder.find(cell) is not None
    except AmbiguousError:
        return True


def read_rows(
    table: Table, places: Places, finder: ImageFinder, split: Split | None = None, separator: str = SEPARATOR
) -> Iterator[Row]:
    """Read a table.

    Args:
        table: The table.
        places: Where its columns stand.
        finder: Finds the images.
        split: What all rows belong to; None where the table says that itself, or nothing does.
        separator: What stands between several labels in a cell.

    Raises:
        DataError: A row is incomplete, or makes no sense.
    """
    flags = None if places.split is None else flag_splits(table.header[places.split])
    incomplete: dict[str, list[object]] = {"path": [], "label": []}
    for number, cells in table.read():
        where = table.where(number)
        written = _label(table, cells, places, where)
        spelled, path = _text(written, table), cells[places.path]
        label = labels_in(spelled, separator) if places.several and not places.flags else class_name(spelled)
        if not path.strip() or not (label or places.several):
            incomplete["label" if path.strip() else "path"].append(number)
            continue
        if "\n" in path or "\n" in label:
            raise DataError(f"{where} has a line break in a cell; is there a quote that nothing closes?")
        part = split if split or places.split is None else _split(cells[places.split].strip(), flags, where)
        found, path = _find(finder, path, where)
        renamed = found is not None and not is_called(found, path)
        item = Item(found or finder.written(path), label, part)
        yield Row(number, item, found is not None, spelled, renamed, spelled != written)
    for what, numbers in incomplete.items():
        if numbers:
            raise DataError(_without(table, what, numbers))


def _find(finder: ImageFinder, path: str, where: str) -> tuple[str | None, str]:
    """The image, and how the table calls it; names of files need not be UTF-8."""
    try:
        found = finder.find(path)
        western = _as_western(path) if found is None else None
        return (found, path) if western is None else (finder.find(western), western)
    except AmbiguousError as error:
        raise DataError(f"{where}: {error}") from None


def _without(table: Table, what: str, numbers: Sequence[object]) -> str:
    if len(numbers) == 1:
        return f"{table.where(numbers[0])} has no {what}"
    shown = ", ".join(map(str, numbers[:_FEW])) + (f" and {len(numbers) - _FEW:,} more" if len(numbers) > _FEW else "")
    return f"{table.name}: {table.row}s {shown} have no {what}; fill them in, or leave them out"


def _label(table: Table, cells: Sequence[str], places: Places, where: str) -> str:
    if not places.flags:
        return cells[places.labels[0]]
    found = ones(cells, places.labels)
    if found is not None and places.several:
        return join_labels(class_name(table.header[place]) for place in found)
    if found is None or len(found) != 1:
        names = table.some(places.labels)
        if places.several:
            raise DataError(f"{where} has something else than 0 and 1 in the columns {names}")
        raise DataError(
            f"{where} has not just one 1 in the columns {names}; --task multilabel gives an image any number of labels"
        )
    return table.header[found[0]]


def _text(written: str, table: Table) -> str:
    """A label as text.

    Raises:
        DataError: It is not UTF-8, and nothing that one could guess.
    """
    try:
        written.encode()
    except UnicodeEncodeError:
        western = _as_western(written)
        if western is None:
            raise DataError(f"{table.name}: is not UTF-8; save it as UTF-8") from None
        return western
    return written


def _as_western(text: str) -> str | None:
    """Read bytes that are no UTF-8 as Windows-1252, as Excel saves in western Europe and America.

    Returns:
        The text; None if it was UTF-8, or is none in a language of Latin letters: half of its letters would be ASCII.
    """
    if not any("\udc80" <= letter <= "\udcff" for letter in text):
        return None
    try:
        found = text.encode("utf-8", "surrogateescape").decode("cp1252")
    except UnicodeError:
        return None
    letters = [letter for letter in found if letter.isalpha()]
    special = [letter for letter in found if not letter.isascii() and letter not in _PUNCTUATION]
    is_latin = all(letter.isalpha() for letter in special) and 2 * len(special) <= len(letters)
    return found if is_latin else None


def _split(text: str, flags: tuple[Split, Split] | None, where: str) -> Split | None:
    if flags is not None and text.lower() in _TRUE | _FALSE:
        return flags[0] if text.lower() in _TRUE else flags[1]
    if not text:
        return None
    split = split_of(text)
    if split is None:
        raise DataError(f"{where}: split '{printable(text)}' is not one of train, val, test")
    return split
