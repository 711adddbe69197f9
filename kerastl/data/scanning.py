"""Find out how a folder of labelled pictures is laid out.

Three layouts are known: a folder a class; `train/` beside `val/` or `test/`, each with a folder a class; and
a table with a path and a label for each picture. Whatever is found is said in `Dataset.layout`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kerastl.data import folders, tables
from kerastl.data.dataset import Dataset
from kerastl.errors import DataError


def scan(root: str | os.PathLike[str], *, for_training: bool = True) -> Dataset:
    """Read what a folder, or a table, says about its pictures; no picture is opened.

    Pictures are the files with a picture's suffix, in either case, at any depth below a class folder. Hidden
    files are skipped. Links are followed. A table is a `.csv` or `.tsv` file with a header: `path` (or
    `file`, `filename`, `image`), `label` (or `class`, `target`) and, if wanted, `split`. It is used when it
    is given as `root`, or when it is the only one in the folder and the files it names exist.

    Args:
        root: The folder, or the table.
        for_training: Whether the pictures are to be learnt from. A model is held against whatever has labels: pictures
            of one class, of classes that `train` has not, or of one part only, which keep the parts they have.

    Returns:
        The data set, the same whatever order the file system gives.

    Raises:
        DataError: If there is nothing to learn from: no such folder, no pictures, fewer than two classes, a
            class that is only in `val/` or `test/`, a table that contradicts itself. Where pictures are not to be
            learnt from, one class is enough, in any part.
    """
    root = Path(root)
    if root.is_file():
        if root.suffix.lower() not in tables.SUFFIXES:
            raise DataError(f"{root}: neither a folder nor a .csv or .tsv table")
        return tables.read(root, for_training)
    if not root.is_dir():
        raise DataError(f"{root}: no such folder")
    table = tables.find(root)
    if table is None:
        return folders.read(root, for_training)
    try:
        return tables.read(table, for_training)
    except DataError as problem:
        return _folders_beside_a_broken_table(root, table, problem, for_training)


def _folders_beside_a_broken_table(root: Path, table: Path, problem: DataError, for_training: bool) -> Dataset:
    """Class folders may lie beside some other table, which then is only mentioned."""
    try:
        dataset = folders.read(root, for_training)
    except DataError:
        raise problem from None
    return replace(dataset, warnings=(*dataset.warnings, f"{table.name} is not used ({problem})"))
