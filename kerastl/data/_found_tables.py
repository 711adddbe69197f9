"""Which of the tables in a folder hold its labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kerastl._base.text import printable
from kerastl.data import _tables as tables
from kerastl.data._dataset import Dataset, Split
from kerastl.data._layouts import split_names
from kerastl.data._layouts.column_names import by_name
from kerastl.data._layouts.columns import NoLabelsError, TableColumns
from kerastl.data._layouts.image_finder import ImageFinder, ImageIndex
from kerastl.data._layouts.table_files import METADATA, OFFICE, SUFFIXES, Table, open_table
from kerastl.data._layouts.table_rows import split_named, with_columns
from kerastl.errors import DataError


@dataclass
class FoundTables:
    """The tables in a folder.

    Args:
        usable: Those with a column of images and one of labels.
        left_out: What to say of others.
        problems: Why others cannot be used.
    """

    usable: list[Table] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    problems: dict[Path, DataError] = field(default_factory=dict)

    def telling(self) -> dict[Path, DataError]:
        """The problems of tables that look like labels; others may well be about something else."""
        return {path: problem for path, problem in self.problems.items() if _looks_like_labels(path)}

    def notes(self) -> list[str]:
        """What to say of tables that are not used."""
        return [f"{printable(path.name)} is not used ({problem})" for path, problem in self.telling().items()]


def look(folder: Path, wanted: TableColumns, index: ImageIndex) -> FoundTables:
    """Look at the beginnings of the tables in a folder.

    Args:
        folder: The folder.
        wanted: Their columns, as far as they are known.
        index: The folder that images lie in.
    """
    found = FoundTables()
    try:
        paths = sorted(path for path in folder.iterdir() if _may_be_table(path))
    except OSError:  # said by whoever looks for images
        return found
    for path in paths:
        if path.name.startswith(".") or not path.is_file():
            continue
        if "submission" in path.stem.lower():  # what a competition wants back
            found.left_out.append(f"{printable(path.name)} is not used: a submission holds no labels")
            continue
        _look_at(path, wanted, index, found)
    return found


def _may_be_table(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES | OFFICE or path.name == METADATA


def _look_at(path: Path, wanted: TableColumns, index: ImageIndex, found: FoundTables) -> None:
    try:
        table = open_table(path)
        with_columns(table, wanted, ImageFinder(index, split_named(table)))
        found.usable.append(table)
    except NoLabelsError as problem:
        if split_named(table) in ("test", "val"):
            found.left_out.append(f"{printable(path.name)} has no labels and is left out")
        else:
            found.problems[path] = problem
    except DataError as problem:
        found.problems[path] = problem


def read(
    found: FoundTables, wanted: TableColumns, index: ImageIndex, for_training: bool = True
) -> tables.Reading | None:
    """Read the tables that can be used.

    Returns:
        What they say, with what of the folder is left out; None if there is no table to use.

    Raises:
        DataError: They cannot be read, or there are several and it is not clear which one is meant.
    """
    if not found.usable:
        return None
    reading = tables.read(_together(found, index.root), wanted, index, for_training)
    return replace(reading, dataset=_with_notes(reading.dataset, found, index))


def read_in_splits(folder: Path, wanted: TableColumns, index: ImageIndex, for_training: bool = True) -> Dataset | None:
    """Read a table in each split's folder, beside the images: `train/_classes.csv`, `valid/_classes.csv`.

    Returns:
        What they say; None if there are no such tables, or none for training.

    Raises:
        DataError: They cannot be read, or there are several in a folder.
    """
    everything, known = FoundTables(), []
    names = [path.name for path in folder.iterdir() if path.is_dir()]
    alone = {name: split for name in names if (split := split_names.split_of(name)) is not None}
    for name, split in (split_names.among(names) or alone).items():
        found = look(folder / name, wanted, index)
        if len(found.usable) > 1:
            several = ", ".join(printable(table.file_name) for table in found.usable)
            raise DataError(f"{folder / name}: several tables of labels ({several}); leave one in each split")
        if not found.usable and found.telling():
            raise next(iter(found.telling().values()))
        known += [(table, split) for table in found.usable]
        everything.usable += found.usable
        everything.left_out += found.left_out
    if not known or (for_training and not any(split == "train" for _, split in known)):
        return None
    return _with_notes(tables.read(known, wanted, index, for_training).dataset, everything, index)


def _with_notes(dataset: Dataset, found: FoundTables, index: ImageIndex) -> Dataset:
    """Say what of the folder is left out."""
    unused = index.others({item.path for item in dataset.items})
    notes = [*found.left_out, *found.notes()]
    if unused:
        what = "1 image is" if len(unused) == 1 else f"{len(unused)} images are"
        tables_read = " or ".join(printable(table.below(index.root)) for table in found.usable)
        notes.insert(0, f"{what} not named in {tables_read} and not used ({printable(min(unused))})")
    ignored = tuple(sorted((*dataset.ignored, *unused)))
    return replace(dataset, warnings=(*dataset.warnings, *notes), ignored=ignored)


def _together(found: FoundTables, root: Path) -> Sequence[tuple[Table, Split | None]]:
    usable = found.usable
    if len(usable) > 1:  # one whose columns are called so comes before those whose columns are guessed
        usable = [table for table in usable if by_name(table.header)] or usable
    if len(usable) > 1 and None in [split_named(table) for table in usable]:
        usable = [table for table in usable if not _names_each_once(table)] or usable
    if len(usable) == 1:
        return [(usable[0], None)]
    splits = [split_named(table) for table in usable]
    if None not in splits and len(set(splits)) == len(splits) and "train" in splits:
        return list(zip(usable, splits, strict=True))
    names = ", ".join(printable(table.file_name) for table in usable)
    raise DataError(
        f"{root}: several tables of labels ({names}); name the one to use, or call them train.csv, val.csv and test.csv"
    )


def _names_each_once(table: Table) -> bool:
    """Whether a table is a list of the classes rather than of images."""
    places, rows = by_name(table.header), table.sample()
    return places is not None and len({row[places.labels[0]] for row in rows}) == len(rows)


def _looks_like_labels(path: Path) -> bool:
    try:
        return by_name(open_table(path).header) is not None
    except DataError:
        return path.suffix.lower() in SUFFIXES
