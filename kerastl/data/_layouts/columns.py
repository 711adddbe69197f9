"""Which columns of a table hold the images, their labels and their splits."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kerastl._base.text import printable
from kerastl.data._layouts.class_folders import check_class_folders
from kerastl.data._layouts.column_names import (
    FLAGS,
    LABELS,
    PATHS,
    SPLIT_COLUMNS,
    Places,
    is_vague,
    known_columns,
    one_hot,
    ones,
    plain_name,
)
from kerastl.data._layouts.image_finder import AmbiguousError, ImageFinder, is_image_name
from kerastl.data._layouts.label_format import UNTOLD, LabelFormat
from kerastl.data._layouts.numbers import looks_numeric
from kerastl.data._layouts.split_names import split_of
from kerastl.data._layouts.table_files import Table
from kerastl.errors import DataError, UsageError

# Cells to see which columns repeat themselves; tables are often sorted by class.
_MANY = 2_000_000
_NEARLY = 0.9
_FLAG_VALUES = frozenset(("0", "1", "0.0", "1.0"))


class NoLabelsError(DataError):
    """A table has no column of labels, as far as one can tell."""


@dataclass(frozen=True)
class TableColumns:
    """How a table is to be read; what is None is found.

    Args:
        images: The folder that paths in the table start at, or in which images are looked for by name.
        path_column: The column of paths, names or ids.
        label_column: The column of labels.
        split_column: The column that tells train, val and test apart.
        classes: Of nested folders, which are the classes; one of `ClassFolders`.
        labels: How labels are written.

    Raises:
        UsageError: `images` is no folder, or `classes` is another text.
    """

    images: str | os.PathLike[str] | None = None
    path_column: str | None = None
    label_column: str | None = None
    split_column: str | None = None
    classes: str | None = None
    labels: LabelFormat = UNTOLD

    def __post_init__(self) -> None:
        check_class_folders(self.classes)
        if self.images is not None and not os.path.isdir(self.images):  # noqa: PTH112 - as in scanning
            raise UsageError(f"images {self.images}: there is no such folder")

    @property
    def given(self) -> bool:
        """Whether anything is asked for that only tables have."""
        return replace(self, classes=None, labels=UNTOLD) != TableColumns() or self.labels.target is not None


def find_columns(table: Table, wanted: TableColumns, finder: ImageFinder) -> Places:
    """Find the columns by what was asked for, by name, and by what stands in them.

    Raises:
        DataError: They cannot be told, or there is no such column.
    """
    sample = table.sample()
    path = _place(table, wanted.path_column)
    label = _place(table, wanted.label_column or wanted.labels.target)
    if label is None and wanted.labels.usual_target in table.header:
        label = table.header.index(wanted.labels.usual_target)
    split = _place(table, wanted.split_column)
    taken = {place for place in (label, split) if place is not None}
    if path is None:
        path = _path_column(table, sample, finder, taken)
    taken |= {path}
    if split is None:
        split = _split_column(table, sample, taken)
    if label is not None:
        return _of_one_column(table, Places(path, (label,), split), wanted.labels)
    left = [place for place in range(len(table.header)) if place not in taken and place != split]
    known = [place for place in known_columns(table.header, LABELS) if place in left]
    if clear := [place for place in known if not is_vague(table.header[place])]:
        return _of_one_column(table, Places(path, (clear[0],), split), wanted.labels)
    found = _LabelColumns(table, left, known)
    if wanted.labels.resolved.kind == "number":
        return Places(path, (found.numeric(),), split, sure=False)
    if (flags := found.flags(wanted.labels)) is not None:
        return Places(path, flags, split, sure=False, several=found.holds_sets(flags, wanted.labels), flags=True)
    return _of_one_column(table, Places(path, (found.named(),), split, sure=False), wanted.labels)


def _of_one_column(table: Table, places: Places, labels: LabelFormat) -> Places:
    """One column of labels; where it holds ones and zeros for a set of labels, its name is the label."""
    if not labels.several:
        return places
    values = {row[places.labels[0]].strip() for row in table.sample()}
    return replace(places, several=True, flags=bool(values) and values <= _FLAG_VALUES)


def _place(table: Table, name: str | None) -> int | None:
    if name is None:
        return None
    for alike in (str, plain_name):
        found = [place for place, known in enumerate(table.header) if alike(known) == alike(name)]
        if found:
            return found[0]
    if not table.headed and name.isdigit() and 1 <= int(name) <= len(table.header):
        return int(name) - 1
    raise DataError(f"{table.name}: has no column '{printable(name)}'; {_columns_of(table)}")


def _path_column(table: Table, sample: Sequence[Sequence[str]], finder: ImageFinder, taken: set[int]) -> int:
    """The column of names whose images are there; by name alone if none is."""
    known = [place for place in known_columns(table.header, PATHS) if place not in taken]
    clear = [place for place in known if not is_vague(table.header[place])]
    others = [place for place in range(len(table.header)) if place not in {*known, *taken}]
    values = {place: [row[place] for row in sample] for place in known + others}
    written = [place for place in known + others if _fraction(is_image_name(cell) for cell in values[place]) > 0.5]
    some = None
    for place in dict.fromkeys(clear + written + known + _telling(others, values)):
        found = _fraction(_names_an_image(finder, cell) for cell in values[place] if cell.strip())
        if found > 0.5:
            return place
        some = place if found and some is None else some
    if some is not None or clear or written:
        return some if some is not None else (clear + written)[0]
    raise DataError(
        f"{table.name}: needs a column of paths (path, file, filename, image) and one of labels (label, class), "
        f"and none names images below {finder.root}; {_columns_of(table)}; --path-column and --label-column name "
        "them, --images the folder"
    )


def _telling(places: Sequence[int], values: Mapping[int, Sequence[str]]) -> list[int]:
    """Without numbers that happen to be names of images; numbers of which none comes twice may be ids."""
    numbers = [place for place in places if all(re.fullmatch(r"[\d.\s-]*", cell) for cell in values[place])]
    ids = [place for place in numbers if len(set(values[place])) == len(values[place])]
    return [place for place in places if place not in numbers] + (ids if len(ids) == 1 else [])


def _names_an_image(finder: ImageFinder, cell: str) -> bool:
    try:
        return finder.find(cell) is not None
    except AmbiguousError:
        return True


def _fraction(answers: Iterable[bool]) -> float:
    given = list(answers)
    return sum(given) / len(given) if given else 0.0


def _split_column(table: Table, sample: Sequence[Sequence[str]], taken: set[int]) -> int | None:
    for place in known_columns(table.header, SPLIT_COLUMNS):
        if place not in taken and any(split_of(row[place].strip()) for row in sample):
            return place
    flags = [place for place in known_columns(table.header, tuple(FLAGS)) if place not in taken]
    return flags[0] if flags else None


def unused_split(table: Table, places: Places) -> list[str]:
    """What to say of a column that is called like one of splits, and holds something else: the folds of each row."""
    if places.split is not None:
        return []
    rows = table.sample()
    for place in known_columns(table.header, SPLIT_COLUMNS):
        values = {row[place].strip() for row in rows} - {""}
        if place not in (places.path, *places.labels) and values and len(values) < len(rows):
            shown = ", ".join(printable(value)[:20] for value in sorted(values)[:3]) + ", ..." * (len(values) > 3)
            return [f"column {table.some([place])} is not used: its cells ({shown}) are not train, val or test"]
    return []


class _LabelColumns:
    """Finds the columns of labels where no name leaves no doubt.

    Args:
        table: The table.
        left: The columns that may be.
        known: Those of them that are called like labels.
    """

    def __init__(self, table: Table, left: Sequence[int], known: Sequence[int]) -> None:
        self._table, self._left, self._known = table, left, known
        self._rows = table.sample(max(100, _MANY // max(1, len(table.header))))
        self._values = {place: {row[place].strip() for row in self._rows} for place in left}
        self._binary = tuple(place for place in left if self._values[place] and self._values[place] <= _FLAG_VALUES)
        # A column that repeats itself names classes; one that does not names images, or measures them.
        self._few = [place for place in left if 2 <= len(self._values[place]) <= max(2, len(self._rows) // 2)]

    def flags(self, labels: LabelFormat) -> tuple[int, ...] | None:
        """Columns that are each named after a class and hold ones and zeros; None where one column has the names."""
        binary, rows = self._binary, self._rows
        if labels.several:
            return tuple(filter(self._has_flags, self._left)) or None
        if len(binary) < 2 or not rows:
            return None
        single = sum(one_hot(row, binary) is not None for row in rows) > len(rows) / 2
        # Columns with several ones in a row are labels for sure where nothing else may be.
        alone = not labels.told and self._has_sets(binary) and not set(self._few) - set(binary)
        return binary if single or alone else None

    def _has_flags(self, place: int) -> bool:
        """Whether nearly all cells of a column are ones, zeros or empty; one that is not is told of when it is read."""
        cells = [row[place].strip() for row in self._rows]
        return any(cells) and sum(cell in _FLAG_VALUES or not cell for cell in cells) > _NEARLY * len(cells)

    def holds_sets(self, binary: Sequence[int], labels: LabelFormat) -> bool:
        """Whether such columns give an image any number of labels, as is asked for or as the rows show."""
        return labels.several if labels.told else self._has_sets(binary)

    def _has_sets(self, binary: Sequence[int]) -> bool:
        return any(len(ones(row, binary) or ()) > 1 for row in self._rows)

    def numeric(self) -> int:
        """The column with numbers.

        Raises:
            NoLabelsError: It cannot be told.
        """
        table, found = self._table, [place for place in self._left if looks_numeric(tuple(self._values[place]))]
        likely = [place for place in found if place in self._known] or found
        if len(likely) == 1:
            return likely[0]
        if len(self._left) == 1:  # which cell of it is no number is told when it is read
            return self._left[0]
        which = f"{table.some(likely)} hold numbers" if likely else "none holds different numbers, and nothing else"
        raise NoLabelsError(
            f"{table.name}: cannot tell which column holds the number ({which}); {_columns_of(table)}; --target NAME "
            "takes one"
        )

    def named(self) -> int:
        """The column with the names of classes.

        Raises:
            NoLabelsError: It cannot be told.
        """
        table, known = self._table, self._known
        likely = [place for place in known if place in self._few] or self._few
        if len(likely) == 1 or (likely and (not table.headed or likely[0] in known)):
            return likely[0]
        if len(self._left) == 1 and (known or not table.headed):
            return self._left[0]
        hint = "--label-column NAME takes one"
        if len(self._binary) > 1:
            hint = (
                f"{table.some(self._binary)} look like classes, but a row must have a 1 in just one of them; "
                f"{hint}, --task multilabel any number"
            )
        elif likely:
            hint = f"{table.some(likely)} may be; {hint}"
        if any(looks_numeric(tuple(self._values[place])) for place in self._left):
            hint += ", --target NAME one of numbers"
        raise NoLabelsError(f"{table.name}: cannot tell which column holds the labels; {_columns_of(table)}; {hint}")


def _columns_of(table: Table) -> str:
    what = "its header" if table.headed else "without a header, its columns are"
    return f"{what}: {table.some(range(len(table.header)), 20) or 'empty'}"
