"""Find out how labeled images are laid out.

Known are a folder a class; `train/` beside `val/` or `test/`, each with a folder a class; a table with a path and a
label for each image; and archives, whose images are unpacked into the cache. Whatever is found is said in
`Dataset.layout`. What is tried, and in which order, are entries of `kerastl.data.LAYOUTS`: tables whose columns are
clear come first, then class folders, then tables that have to be guessed at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerastl._base.text import printable
from kerastl.data import _tables as tables
from kerastl.data._class_order import with_order
from kerastl.data._dataset import Dataset
from kerastl.data._layout_registry import DataSource, layouts
from kerastl.data._layouts.class_folders import ClassFolders
from kerastl.data._layouts.class_names import alike, missing, refuse_names
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.frames import as_table
from kerastl.data._layouts.image_finder import ImageIndex
from kerastl.data._layouts.label_format import label_format
from kerastl.data._layouts.table_files import LISTS, SUFFIXES
from kerastl.errors import DataError, MissingDataError, UsageError
from kerastl.sources._archives import names_archives
from kerastl.tasks._task import ORDINAL

# Of lists of labels; README.txt and requirements.txt are none.
_LIST_NAME = re.compile("label|train|val|annot|class|list", re.IGNORECASE)


def scan(
    data: Any,
    *,
    for_training: bool = True,
    images: str | os.PathLike[str] | None = None,
    path_column: str | None = None,
    label_column: str | None = None,
    split_column: str | None = None,
    classes: ClassFolders | None = None,
    task: str | None = None,
    label_separator: str | None = None,
    order: Sequence[str] | None = None,
    target: str | None = None,
) -> Dataset:
    """Read what a folder, or a table, says about its images; no image is opened.

    Images are the files with an image's suffix, in either case, at any depth below a class folder. Hidden
    files are skipped. Links are followed.

    A table is a `.csv` or `.tsv` file whose rows name an image and its label, and a split if wanted. Its columns are
    found by name (path, file, image_id, ...; label, class, species, ...; split) and by what stands in them, and are
    named in the layout. An image may be called by its path from the table's folder, or by its name or id, with or
    without the suffix, if one image below that folder has it. A table is used when it is given, or when it lies in
    the folder and the images it names exist; `train.csv` beside `val.csv` or `test.csv` are splits.

    Args:
        data: The folder, the table, or archives (`shards/train-{000..009}.tar`, `photos.zip`, `s3://bucket/*.parquet`),
            see the guide on S3 and archives; or a DataFrame, rows of `(path, label)` or `(path, label, split)`, or a
            mapping of labels to lists of paths, with paths from the current folder. A `Dataset` is given back.
        for_training: Whether the images are to be learnt from. A model is compared with whatever has labels: images
            of one class, of classes that `train` has not, or of one part only, which keep the parts they have.
        images: The folder that a table's paths start at, or whose images it names; None takes the table's own.
        path_column: The table's column of paths, names or ids of images; None finds it, as the next two.
        label_column: Its column of labels.
        split_column: Its column of train, val and test.
        classes: Of folders in class folders, such as `animals/dogs/beagle`, which are the classes: `leaf` takes the
            innermost (`beagle`), `top` the outermost (`animals`), and `path` makes the way the name of the class, so
            that models know the tree. None is `top`, and says what it takes together.
        task: What the labels are, a name of `kerastl.tasks.TASKS`; None takes classes, one an image; numbers, where a
            column of a table has decimals of which hardly two are the same; or any number of labels, where a table
            plainly gives several: cells such as `cat|dog`, or columns named after labels that hold ones and zeros. For
            `multilabel` an image that lies in several class folders has the labels of all of them, and so has one in
            several rows of a table.
        label_separator: What stands between the labels in a cell of a table; None finds it, and takes `|` where nothing
            is found. After a backslash it belongs to a label.
        order: Of classes that have one, from the lowest to the highest, for `ordinal`; None takes that of the numbers
            with which the names of all classes begin.
        target: The table's column with the number to tell, for `regression`; None finds it.

    Returns:
        The data set, the same whatever order the file system gives.

    Raises:
        MissingDataError: If `data` is a path at which there is neither a folder nor a table.
        DataError: If there is nothing to learn from: no images, fewer than two classes, a
            class that is only in `val/` or `test/`, folders that are no classes, a table that contradicts itself.
            Where images are not to be learnt from, one class is enough, in any part.
        UsageError: If `data` is nothing of that kind, or `images` is no folder.

    Example:
        >>> from kerastl.data import scan
        >>> scan("data/shapes").classes
        ('circle', 'square', 'star', 'triangle')
        >>> scan([("data/candle.jpg", "candle"), ("data/umbrella.png", "umbrella")]).items[0].label
        'candle'
        >>> scan([("data/candle.jpg", "candle|light"), ("data/umbrella.png", "")], task="multilabel").classes
        ('candle', 'light')
    """
    labels = label_format(task, label_separator, order, target)
    columns = TableColumns(images, path_column, label_column, split_column, classes, labels)
    return scan_as(data, columns, for_training)


def scan_as(data: Any, wanted: TableColumns, for_training: bool = True, usual: str | None = None) -> Dataset:
    """Do what `scan` does.

    Args:
        data: As for `scan`.
        wanted: How a table is to be read, and which of nested folders are the classes.
        for_training: As for `scan`.
        usual: Which of nested folders are the classes where `wanted` does not say.
    """
    if isinstance(data, Dataset):
        return data
    if isinstance(data, str | os.PathLike):
        dataset = _scan_path(data, replace(wanted, classes=wanted.classes or usual), for_training)
    else:
        dataset = _scan_values(data, wanted, for_training)
    if wanted.classes is not None and dataset.class_folders is None:
        raise UsageError(
            f"{dataset.called}: classes={wanted.classes!r} (--classes) says which of nested folders are the classes, "
            "and here labels are not the names of folders"
        )
    if wanted.labels.resolved.name == ORDINAL and for_training:
        dataset = with_order(dataset, wanted.labels.order)
    if for_training:
        refuse_names(str(dataset.root), dataset.classes)
    return replace(dataset, warnings=(*dataset.warnings, *alike(dataset.classes), *missing(dataset.classes)))


def _scan_values(data: object, wanted: TableColumns, for_training: bool) -> Dataset:
    index = ImageIndex(Path(wanted.images or "."))
    return tables.read([(as_table(data), None)], wanted, index, for_training).dataset


def _scan_path(data: str | os.PathLike[str], wanted: TableColumns, for_training: bool) -> Dataset:
    path, given = Path(data), os.fspath(data)
    if not names_archives(given) and not os.path.exists(path):  # noqa: PTH110 - pathlib raises for a name too long
        raise MissingDataError(f"{path}: no such folder")
    source = DataSource(path, wanted, for_training, given)
    for layout in layouts():
        if (dataset := layout.read(source)) is not None:
            return dataset
    raise _refusal(source)


def _refusal(source: DataSource) -> DataError:
    """Why no layout fits."""
    path = source.path
    if not source.is_folder:
        return MissingDataError(f"{path}: neither a folder, nor a .csv or .tsv table, nor an archive of images")
    if source.columns.given:
        return DataError(f"{path}: no table of labels in it; name the table itself")
    error, problem = source.class_folders_problem or DataError(f"{path}: no labels in it"), source.tables_problem
    if problem is None:
        return _with_deeper_tables(error, path)
    return problem if source.tables.usable or source.tables.telling() else DataError(f"{error}; {problem}")


def _with_deeper_tables(problem: DataError, folder: Path) -> DataError:
    """Point to a table one folder below, or to a list beside the images."""
    deeper = sorted(path for suffix in SUFFIXES for path in folder.glob(f"[!.]*/*{suffix}"))
    deeper += sorted(path for suffix in LISTS for path in folder.glob(f"[!.]*{suffix}") if _LIST_NAME.search(path.stem))
    return DataError(f"{problem}; is {printable(str(deeper[0]))} the table to name?") if deeper else problem


def scanned_if_told(data: Any, wanted: TableColumns) -> str | os.PathLike[str] | Dataset:
    """A path as it is, where nothing is said of how its labels are read; else what `scan` makes of it."""
    is_path = isinstance(data, str | os.PathLike)
    return data if is_path and wanted == TableColumns() else scan_as(data, wanted)
