"""Find out how labeled images are laid out.

Three layouts are known: a folder a class; `train/` beside `val/` or `test/`, each with a folder a class; and
a table with a path and a label for each image. Whatever is found is said in `Dataset.layout`.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base.text import printable
from kerastl.data import _folders as folders
from kerastl.data import _found_tables as found_tables
from kerastl.data import _tables as tables
from kerastl.data._dataset import Dataset
from kerastl.data._layouts.class_names import alike, missing, refuse_names
from kerastl.data._layouts.columns import TableColumns, TableOptions
from kerastl.data._layouts.frames import as_table
from kerastl.data._layouts.image_finder import ImageIndex
from kerastl.data._layouts.table_files import LISTS, OFFICE, SUFFIXES, open_table
from kerastl.errors import DataError

if TYPE_CHECKING:
    from typing_extensions import Unpack

# Of lists of labels; README.txt and requirements.txt are none.
_LIST_NAME = re.compile("label|train|val|annot|class|list", re.IGNORECASE)


def scan(data: object, *, for_training: bool = True, **columns: Unpack[TableOptions]) -> Dataset:
    """Read what a folder, or a table, says about its images; no image is opened.

    Images are the files with an image's suffix, in either case, at any depth below a class folder. Hidden
    files are skipped. Links are followed.

    A table is a `.csv` or `.tsv` file whose rows name an image and its label, and a split if wanted. Its columns are
    found by name (path, file, image_id, ...; label, class, species, ...; split) and by what stands in them, and are
    named in the layout. An image may be called by its path from the table's folder, or by its name or id, with or
    without the suffix, if one image below that folder has it. A table is used when it is given, or when it lies in
    the folder and the images it names exist; `train.csv` beside `val.csv` or `test.csv` are splits.

    Args:
        data: The folder, or the table; or a DataFrame, rows of `(path, label)` or `(path, label, split)`, or a mapping
            of labels to lists of paths, with paths from the current folder. A `Dataset` is given back.
        for_training: Whether the images are to be learnt from. A model is compared with whatever has labels: images
            of one class, of classes that `train` has not, or of one part only, which keep the parts they have.
        **columns: `images`, the folder that a table's paths start at or whose images it names; `path_column`,
            `label_column` and `split_column`, the names of its columns.

    Returns:
        The data set, the same whatever order the file system gives.

    Raises:
        DataError: If there is nothing to learn from: no such folder, no images, fewer than two classes, a
            class that is only in `val/` or `test/`, folders that are no classes, a table that contradicts itself.
            Where images are not to be learnt from, one class is enough, in any part.
        UsageError: If `data` is nothing of that kind, or `images` is no folder.
    """
    if isinstance(data, Dataset):
        return data
    wanted = TableColumns.of(**columns)
    if isinstance(data, str | os.PathLike):
        dataset = _scan_path(Path(data), wanted, for_training)
    else:
        dataset = _scan_values(data, wanted, for_training)
    if for_training:
        refuse_names(str(dataset.root), dataset.classes)
    return replace(dataset, warnings=(*dataset.warnings, *alike(dataset.classes), *missing(dataset.classes)))


def _scan_values(data: object, wanted: TableColumns, for_training: bool) -> Dataset:
    index = ImageIndex(Path(wanted.images or "."))
    return tables.read([(as_table(data), None)], wanted, index, for_training).dataset


def _scan_path(path: Path, wanted: TableColumns, for_training: bool) -> Dataset:
    if os.path.isfile(path):  # noqa: PTH113 - pathlib raises for a name that is too long
        if path.suffix.lower() not in SUFFIXES | LISTS | OFFICE:
            raise DataError(f"{path}: neither a folder nor a .csv or .tsv table")
        index = ImageIndex(Path(wanted.images or path.parent))
        return tables.read([(open_table(path), None)], wanted, index, for_training).dataset
    if not os.path.isdir(path):  # noqa: PTH112 - likewise
        raise DataError(f"{path}: no such folder")
    return _scan_folder(path, wanted, for_training)


def _scan_folder(folder: Path, wanted: TableColumns, for_training: bool) -> Dataset:
    """Tables whose columns are clear come first, then class folders, then tables that have to be guessed at."""
    index = ImageIndex(Path(wanted.images or folder))
    found = found_tables.look(folder, wanted, index)
    reading = None
    try:
        reading = found_tables.read(found, wanted, index, for_training)
    except DataError as error:
        found.problems = {Path(table.name): error for table in found.usable} | found.problems
    if reading is not None and (reading.sure or wanted.given):
        return reading.dataset
    problem = next(iter({**found.telling(), **found.problems}.values()), None)
    if wanted.given:
        inside = None if problem else found_tables.read_in_splits(folder, wanted, index, for_training)
        if inside is not None:
            return inside
        raise problem or DataError(f"{folder}: no table of labels in it; name the table itself")
    try:
        dataset = folders.read(folder, for_training)
    except DataError as error:
        if reading is not None:
            return reading.dataset
        inside = found_tables.read_in_splits(folder, wanted, index, for_training)
        if inside is not None:
            return inside
        if problem is None:
            raise _with_deeper_tables(error, folder) from None
        raise problem if found.usable or found.telling() else DataError(f"{error}; {problem}") from None
    notes = found.notes()
    if reading is not None:
        names = " and ".join(printable(table.file_name) for table in found.usable)
        notes = [f"{names} is not used, since there are class folders; to use it, name it instead of the folder"]
    return replace(dataset, warnings=(*dataset.warnings, *notes))


def _with_deeper_tables(problem: DataError, folder: Path) -> DataError:
    """Point to a table one folder below, or to a list beside the images."""
    deeper = sorted(path for suffix in SUFFIXES for path in folder.glob(f"[!.]*/*{suffix}"))
    deeper += sorted(path for suffix in LISTS for path in folder.glob(f"[!.]*{suffix}") if _LIST_NAME.search(path.stem))
    return DataError(f"{problem}; is {printable(str(deeper[0]))} the table to name?") if deeper else problem


def scanned_if_told(data: Any, columns: TableOptions) -> str | os.PathLike[str] | Dataset:
    """A path as it is, where nothing is said of the columns of a table; else what `scan` makes of it."""
    is_path = isinstance(data, str | os.PathLike)
    return data if is_path and not TableColumns(**columns).given else scan(data, **columns)
