"""Tables that name an image and its label in each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl._base.text import brief, listed, printable
from kerastl.data._dataset import Dataset, Item, Split
from kerastl.data._given_splits import labels_of, settle
from kerastl.data._layouts.class_names import SeveralLabels, class_name, respelled
from kerastl.data._layouts.column_names import by_name, is_vague
from kerastl.data._layouts.columns import TableColumns, unused_split
from kerastl.data._layouts.image_finder import ImageFinder, ImageIndex
from kerastl.data._layouts.table_files import Table, open_table
from kerastl.data._layouts.table_rows import Row, read_rows, split_named, with_columns
from kerastl.errors import DataError

_FEW = 3
# Of the rows: so many with several labels are no slip.
_MANY = 0.1


@dataclass(frozen=True)
class Reading:
    """What tables say.

    Args:
        dataset: The images.
        sure: Whether there is no doubt that these are labels of images.
    """

    dataset: Dataset
    sure: bool


def read(
    tables: Sequence[tuple[Table, Split | None]], wanted: TableColumns, index: ImageIndex, for_training: bool = True
) -> Reading:
    """Read the images that a table names, or several tables that are splits; see `kerastl.data.scan`.

    Paths are relative to a folder, or absolute, or names that are found below that folder. Rows that say the same
    twice count once.

    Args:
        tables: Each with what all of its rows belong to, or None.
        wanted: Their columns, as far as they are known.
        index: The folder that the data set will have.
        for_training: As for `kerastl.data.scan`.

    Raises:
        DataError: A column cannot be told, a row is incomplete or contradicts another, or none of the files exists.
    """
    book, sure, clear, columns = _Book(), True, True, []
    for table, split in tables:
        finder = ImageFinder(index, split or split_named(table))
        table, places = with_columns(table, wanted, finder)
        sure, clear = sure and places.sure, clear and not is_vague(table.header[places.path])
        columns.append(places.named(table))
        book.notes.extend(unused_split(table, places) if split is None else ())
        before = len(book.missing)
        count = sum(book.add(table, row) for row in read_rows(table, places, finder, split))
        if count and len(book.missing) - before == count:
            raise _none_exists(table, finder, book.missing[before])
    dataset = _dataset([table for table, _ in tables], book, index.root, list(dict.fromkeys(columns)), for_training)
    # A list of the classes has numbers and names, too, but each once.
    repeated = 2 * len(dataset.classes) <= len(dataset.items)
    return Reading(dataset, sure and (clear or repeated))


class _Book:
    """The rows read so far."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.missing: list[str] = []
        self.notes: list[str] = []
        self._renamed: list[str] = []
        self._western: dict[str, None] = {}
        self._rows: dict[str, list[object]] = {}
        self._spellings: dict[str, set[str]] = {}

    def add(self, table: Table, row: Row) -> bool:
        """Note a row; whether it is of an image that no other row was of."""
        item = row.item
        known = self.items.setdefault(item.path, item)
        self._rows.setdefault(item.label, []).append(row.number)
        self._spellings.setdefault(item.label, set()).add(row.spelled)
        if row.is_western:
            self._western[item.label] = None
        if known is item:
            if not row.is_there:
                self.missing.append(item.path)
            if row.is_renamed:
                self._renamed.append(item.path)
            return True
        if known != item:
            what = "labels" if known.label != item.label else "splits"
            raise DataError(
                f"{table.where(row.number)} gives {printable(item.path)} a second time, with different {what}; a "
                "image has one label and is in one split"
            )
        return False

    def doubts(self, name: str) -> list[str]:
        """What was taken although the table says something else."""
        doubts = list(self.notes)
        if self._renamed:
            what = "1 image is" if len(self._renamed) == 1 else f"{len(self._renamed):,} images are"
            first = printable(self._renamed[0])
            doubts.append(f"{what} called otherwise in {name}, without zeros or with another suffix ({first})")
        if self._western:
            labels = listed(list(self._western))
            doubts.append(f"{name} is not UTF-8 and is read as Windows-1252: save it as UTF-8 if {labels} is wrong")
        return doubts

    def check_labels(self, name: str, row: str) -> list[str]:
        """Warn of labels that may be several.

        Raises:
            DataError: Many are.
        """
        certain, doubtful = SeveralLabels(self._rows).found()
        warnings = respelled(self._spellings)
        count = sum(len(self._rows[label]) for label in certain)
        if count >= _FEW or count > _MANY * sum(map(len, self._rows.values())):
            have = "has" if count == 1 else "have"
            raise DataError(
                f"{name}: {self._some(certain, row)} {have} several labels in a cell; kerastl classifies into one "
                "class each: leave such rows out, or give each row one label"
            )
        if doubted := (*certain, *doubtful):
            taken = "it is taken for a class" if len(doubted) == 1 else "each is taken for a class"
            warnings.append(f"{self._some(doubted, row)} may be several labels; {taken} of its own")
        return warnings

    def _some(self, labels: Sequence[str], row: str) -> str:
        found = [(number, label) for label in labels for number in self._rows[label][:_FEW]][:_FEW]
        shown = ", ".join(f"{row} {number} ('{printable(label)}')" for number, label in found)
        count = sum(len(self._rows[label]) for label in labels)
        return shown + (f" and {count - len(found)} more" if count > len(found) else "")


def _dataset(tables: Sequence[Table], book: _Book, root: Path, columns: Sequence[str], for_training: bool) -> Dataset:
    short = " and ".join(printable(table.below(root)) for table in tables)
    name = tables[0].name if len(tables) == 1 else f"{root}: {short}"
    items = tuple(sorted(book.items.values()))
    parts = {item.split for item in items}
    if None in parts and len(parts) > 1:
        bare = next(item for item in items if item.split is None)
        raise DataError(f"{name}: the split of {printable(bare.path)} is empty; give each row one, or none")
    classes = labels_of([item for item in items if item.split in (None, "train") or not for_training])
    if len(classes) < (2 if for_training else 1) and (not items or parts & {None, "train"}):
        found = f"one class only ('{printable(classes[0])}')" if classes else "no rows"
        raise DataError(f"{name}: {found}; a classifier needs two classes or more")
    split = " and split" if parts != {None} else ""
    taken = "" if set(columns) <= {"path, label", "path, label, split"} else f" (columns {'; '.join(columns)})"
    dataset = Dataset(
        root=root,
        classes=classes,
        items=items,
        layout=f"{short} with path, label{split}: {len(items)} images in {len(classes)} classes{taken}",
        warnings=(*_missing(short, book.missing), *book.doubts(short), *book.check_labels(name, tables[0].row)),
    )
    return settle(dataset, for_training) if parts != {None} else dataset


def _missing(name: str, missing: Sequence[str]) -> list[str]:
    if not missing:
        return []
    what = "1 file is" if len(missing) == 1 else f"{len(missing)} files are"
    return [f"{what} named in {name} but not there ({brief(min(missing))})"]


def _none_exists(table: Table, finder: ImageFinder, first: str) -> DataError:
    alike = finder.index.alike(first)
    hint = f" is it {printable(alike)}?" if alike else ""
    return DataError(
        f"{table.name}: none of its files exists ({brief(first)}); paths start at {finder.root};{hint} "
        "--images DIR names another folder"
    )


def rows(table: Path) -> Iterator[tuple[int, str, str, str]]:
    """Read a table of kerastl's own as `(number, path, label, split)` a row; the split may be empty.

    Labels may be no UTF-8, as the names of the folders that it was made of.

    Raises:
        DataError: If it cannot be read, or has no column of paths or of labels.
    """
    opened = open_table(table)
    places = by_name(opened.header)
    if places is None:
        header = opened.some(range(len(opened.header)), 20) or "empty"
        raise DataError(f"{table}: needs the columns path and label; its header: {header}")
    for number, cells in opened.read():
        split = "" if places.split is None else cells[places.split].strip()
        yield int(str(number)), cells[places.path], class_name(cells[places.labels[0]]), split
