"""Tables that name an image and its label in each row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

from kerastl._base.text import brief, listed, printable
from kerastl.data._dataset import Dataset, Item, Split
from kerastl.data._given_splits import labels_of, settle
from kerastl.data._layouts.class_names import SeveralLabels, class_name, respelled
from kerastl.data._layouts.column_names import Places, by_name, is_vague
from kerastl.data._layouts.columns import TableColumns, unused_split
from kerastl.data._layouts.image_finder import ImageFinder, ImageIndex
from kerastl.data._layouts.label_format import NUMBER, LabelFormat, find_separator
from kerastl.data._layouts.numbers import looks_numeric
from kerastl.data._layouts.table_files import Table, open_table
from kerastl.data._layouts.table_rows import Row, read_rows, split_named, with_columns
from kerastl.data._numbers import with_numbers
from kerastl.errors import DataError
from kerastl.tasks._label_text import join_labels
from kerastl.tasks._task import MULTILABEL, REGRESSION, TASKS

_FEW = 3
# Of the rows: so many with several labels are no slip.
_MANY = 0.1
# Rows that show what stands between labels.
_SEEN = 2_000
# A table, where its columns stand, what finds its images, and the split of all its rows.
Opened: TypeAlias = tuple[Table, Places, ImageFinder, Split | None]


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
    try:
        return _read(tables, wanted, index, for_training)
    except DataError:
        if wanted.labels.told or (separator := _plain_separator(tables, wanted, index)) is None:
            raise
        return _read(tables, replace(wanted, labels=LabelFormat(MULTILABEL, separator)), index, for_training)


def _read(
    tables: Sequence[tuple[Table, Split | None]], wanted: TableColumns, index: ImageIndex, for_training: bool
) -> Reading:
    opened = [(*_opened(table, wanted, index, split), split) for table, split in tables]
    if not wanted.labels.told and all(_measures(table, places) for table, places, _, _ in opened):
        found = _read(tables, replace(wanted, labels=LabelFormat(REGRESSION)), index, for_training)
        layout = f"{found.dataset.layout}; numbers are to be told, not classes (--task classification)"
        return replace(found, dataset=replace(found.dataset, layout=layout))
    several = any(places.several for _, places, _, _ in opened)
    separator = _separator(opened, wanted.labels)
    book, sure, clear, columns = _Book(wanted.labels.resolved.name if not several else MULTILABEL), True, True, []
    for table, places, finder, split in opened:
        places = replace(places, several=several)
        sure, clear = sure and places.sure, clear and not is_vague(table.header[places.path])
        columns.append(places.named(table))
        book.notes.extend(unused_split(table, places) if split is None else ())
        before = len(book.missing)
        count = sum(book.add(table, row) for row in read_rows(table, places, finder, split, separator))
        if count and len(book.missing) - before == count:
            raise _none_exists(table, finder, book.missing[before])
    named = [table for table, _ in tables], book, index.root, list(dict.fromkeys(columns)), for_training
    if TASKS[book.task].kind == "number":
        return Reading(_of_numbers(*named, name=_number_name(opened)), sure)
    dataset = _dataset(*named)
    if several:
        layout = f"{dataset.layout}; {_found_sets(opened, separator)}"
        dataset = replace(dataset, layout=layout, label_separator=separator)
    # A list of the classes has numbers and names, too, but each once.
    repeated = 2 * len(dataset.classes) <= len(dataset.items)
    return Reading(dataset, sure and (clear or repeated))


def _measures(table: Table, places: Places) -> bool:
    """Whether a column of labels plainly holds measurements: decimals of which hardly two are the same."""
    if places.flags or places.several:
        return False
    cells = [row[places.labels[0]].strip() for row in table.sample(_SEEN)]
    decimals = sum("." in cell or "," in cell for cell in cells)
    return 2 * len(set(cells)) > len(cells) > 2 and 2 * decimals > len(cells) and looks_numeric(cells)


def _plain_separator(
    tables: Sequence[tuple[Table, Split | None]], wanted: TableColumns, index: ImageIndex
) -> str | None:
    """What stands between the labels in the cells of tables that plainly have several; None where that is not so."""
    counts: Counter[str] = Counter()
    for table, split in tables:
        table, places, _ = _opened(table, wanted, index, split)
        if not places.flags:
            counts.update(class_name(cells[places.labels[0]]) for _, cells in table.read())
    several = SeveralLabels(counts)
    certain, _ = several.found()
    if not certain or not several.plain(certain) or not _is_no_slip(sum(counts[label] for label in certain), counts):
        return None
    return several.separator(certain)


def _is_no_slip(count: int, counts: Mapping[str, int]) -> bool:
    """Whether so many rows with several labels are no slip, of all rows of each label."""
    return count >= _FEW or count > _MANY * sum(counts.values())


def _opened(
    table: Table, wanted: TableColumns, index: ImageIndex, split: Split | None
) -> tuple[Table, Places, ImageFinder]:
    finder = ImageFinder(index, split or split_named(table))
    return *with_columns(table, wanted, finder), finder


def _separator(opened: Sequence[Opened], labels: LabelFormat) -> str:
    """What stands between several labels."""
    if labels.separator is not None:
        return labels.separator
    texts = [(table, places) for table, places, _, _ in opened if places.several and not places.flags]
    cells = [row[places.labels[0]] for table, places in texts for row in table.sample(_SEEN)]
    usual = labels.usual_separator
    return usual if usual is not None and any(usual in cell for cell in cells) else find_separator(cells)


def _found_sets(opened: Sequence[Opened], separator: str) -> str:
    """How sets of labels are written, in a few words."""
    if all(places.flags for _, places, _, _ in opened):
        return "any number of labels an image, a column each"
    return f"any number of labels an image, with '{printable(separator)}' between"


class _Book:
    """The rows read so far.

    Args:
        task: What the labels are: a name of `TASKS`.
    """

    def __init__(self, task: str) -> None:
        self.task = task
        self.items: dict[str, Item] = {}
        self.places: dict[str, str] = {}
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
        if TASKS[self.task].kind == "number":
            self.places.setdefault(item.path, table.where(row.number))
        self._spellings.setdefault(item.label, set()).add(row.spelled)
        if row.is_western:
            self._western[item.label] = None
        if known is item:
            if not row.is_there:
                self.missing.append(item.path)
            if row.is_renamed:
                self._renamed.append(item.path)
            return True
        task = TASKS[self.task]
        if known.split == item.split and task.kind == "indicators":  # a row a label
            together = {*task.class_names(known.label), *task.class_names(item.label)}
            self.items[item.path] = replace(known, label=join_labels(together))
        elif known != item:
            kind = "number" if task.kind == "number" else "label"
            what = f"{kind}s" if known.label != item.label else "splits"
            hint = " (--task multilabel takes all of them)" if what == "labels" and task.kind == "index" else ""
            raise DataError(
                f"{table.where(row.number)} gives {printable(item.path)} a second time, with different {what}; an "
                f"image has one {kind} and is in one split{hint}"
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
        if TASKS[self.task].kind != "index":
            return self._unlabeled()
        certain, doubtful = SeveralLabels(self._rows).found()
        warnings = respelled(self._spellings)
        count = sum(len(self._rows[label]) for label in certain)
        if _is_no_slip(count, {label: len(rows) for label, rows in self._rows.items()}):
            have = "has" if count == 1 else "have"
            raise DataError(
                f"{name}: {self._some(certain, row)} {have} several labels in a cell: give each row one label, or take "
                "them for several (--task multilabel, --label-separator)"
            )
        if doubted := (*certain, *doubtful):
            taken = "it is taken for a class" if len(doubted) == 1 else "each is taken for a class"
            warnings.append(f"{self._some(doubted, row)} may be several labels; {taken} of its own")
        return warnings

    def _unlabeled(self) -> list[str]:
        """What to say of images without any label, where that may be."""
        bare = [item.path for item in self.items.values() if not item.label]
        if not bare or not TASKS[self.task].unlabeled:
            return []
        return [f"{len(bare):,} image{'s have' if len(bare) > 1 else ' has'} none of the labels ({brief(min(bare))})"]

    def _some(self, labels: Sequence[str], row: str) -> str:
        found = [(number, label) for label in labels for number in self._rows[label][:_FEW]][:_FEW]
        shown = ", ".join(f"{row} {number} ('{printable(label)}')" for number, label in found)
        count = sum(len(self._rows[label]) for label in labels)
        return shown + (f" and {count - len(found)} more" if count > len(found) else "")


def _number_name(opened: Sequence[Opened]) -> str:
    """What the number is called: its column, where that has a name."""
    table, places, _, _ = opened[0]
    return class_name(table.header[places.labels[0]]) if table.headed else NUMBER


def _of_numbers(
    tables: Sequence[Table], book: _Book, root: Path, columns: Sequence[str], for_training: bool, name: str
) -> Dataset:
    """The same where labels are numbers."""
    short = " and ".join(printable(table.below(root)) for table in tables)
    items = tuple(sorted(book.items.values()))
    _check_splits(items, tables[0].name if len(tables) == 1 else f"{root}: {short}")
    split = " and split" if any(item.split for item in items) else ""
    taken = f" (columns {'; '.join(columns)})"
    layout = f"{short} with path, number{split}: {len(items)} images{taken}"
    warnings = (*_missing(short, book.missing), *book.doubts(short))
    dataset = Dataset(root, (), items, layout, warnings)
    dataset = with_numbers(dataset, name, lambda item: book.places[item.path], for_training=for_training)
    return settle(dataset, for_training) if split else dataset


def _check_splits(items: Sequence[Item], name: str) -> None:
    """Refuse images without a split where others have one."""
    if {None} < {item.split for item in items}:
        bare = next(item for item in items if item.split is None)
        raise DataError(f"{name}: the split of {printable(bare.path)} is empty; give each row one, or none")


def _dataset(tables: Sequence[Table], book: _Book, root: Path, columns: Sequence[str], for_training: bool) -> Dataset:
    short = " and ".join(printable(table.below(root)) for table in tables)
    name = tables[0].name if len(tables) == 1 else f"{root}: {short}"
    items = tuple(sorted(book.items.values()))
    parts = {item.split for item in items}
    _check_splits(items, name)
    dataset = Dataset(root, (), items, "", task=book.task)
    classes = labels_of(dataset, [item for item in items if item.split in (None, "train") or not for_training])
    fewest = TASKS[book.task].fewest_classes if for_training else 1
    if len(classes) < fewest and (not items or parts & {None, "train"}):
        found = f"one class only ('{printable(classes[0])}')" if classes else "no labels" if items else "no rows"
        raise DataError(f"{name}: {found}; {TASKS[book.task].needs}")
    split = " and split" if parts != {None} else ""
    taken = "" if set(columns) <= {"path, label", "path, label, split"} else f" (columns {'; '.join(columns)})"
    dataset = replace(
        dataset,
        classes=classes,
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
