"""Labeled images in archives: shards of WebDataset, Parquet files, and zips of folders."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kerastl._base.files import read_regular
from kerastl._base.text import brief, printable
from kerastl.data import _tables as tables
from kerastl.data._dataset import Dataset, Split
from kerastl.data._layout_registry import DataSource, Layout, layouts
from kerastl.data._layouts.archive_samples import CLASS_NAMES, LABEL
from kerastl.data._layouts.image_finder import ImageIndex
from kerastl.data._layouts.split_names import parse
from kerastl.data._layouts.table_files import Table
from kerastl.data._unpacked import UnpackedArchive, UnpackedFile, Unpacking
from kerastl.errors import DataError, ImageError, MissingDataError
from kerastl.sources._addresses import is_address, is_in_store, shown
from kerastl.sources._archives import Archive, find_archives, names_archives
from kerastl.sources._containers import container_of

_MOST_NAMES_BYTES = 1 << 24
_PATH = "path"
_ROOT_DEPTH = 20


def _archives(source: DataSource) -> Dataset | None:
    sources = [source.given] if names_archives(source.given) else _instead_of_images(source)
    try:
        archives = [archive for each in sources for archive in find_archives(each)]
    except ImageError as error:
        raise MissingDataError(str(error)) from error
    if not archives or (archives[0].container.suffixes == (".parquet",) and not _have_images(archives)):
        return None
    unpacking = Unpacking(archives)
    found = unpacking.run()
    if any(file.cells for one in found for file in one.files):
        dataset = _labeled(source, unpacking.root, found)
    else:
        dataset = _in_folders(source, unpacking.root, found)
    return replace(dataset, warnings=(*dataset.warnings, *_faults(found)), archives=shown(source.given))


def _instead_of_images(source: DataSource) -> list[str]:
    """The archives of a folder that has no images: in it, or in `data`, where `datasets` puts them."""
    if not source.is_folder:
        return []
    folders = (source.path, source.path / "data")
    found = [str(file) for folder in folders if folder.is_dir() for file in sorted(folder.iterdir())]
    archives = [file for file in found if names_archives(file) and not Path(file).name.startswith(".")]
    kinds = {container_of(file) for file in archives}
    return archives if len(kinds) == 1 and not source.index.others(set()) else []


def _have_images(archives: Sequence[Archive]) -> bool:
    from kerastl.images._limits import RefusedError
    from kerastl.sources._parquet import image_columns, opened_parquet

    with archives[0].open() as file:
        try:
            image_columns(opened_parquet(file).schema_arrow)
        except RefusedError:
            return False
    return True


def _labeled(source: DataSource, root: Path, found: Sequence[UnpackedArchive]) -> Dataset:
    """What rows, one an image, say: as a table would."""
    splits, read_names, called = _splits(found), _class_names(found, root), shown(source.given)
    parts: dict[Split | None, list[UnpackedFile]] = {}
    bare = 0
    for one, split in zip(found, splits, strict=True):
        for file in one.files:
            if file.is_image and any(file.cells.values()):
                parts.setdefault(split, []).append(file)
            bare += file.is_image and not any(file.cells.values())
    columns = list(dict.fromkeys(column for files in parts.values() for file in files for column in file.cells))
    named = read_names([file.cells.get(LABEL, "") for files in parts.values() for file in files])
    made = [
        (_table(called if split is None else f"{called} ({split})", columns, files, named), split)
        for split, files in parts.items()
    ]
    wanted = replace(source.columns, path_column=_PATH, images=None)
    dataset = tables.read(made, wanted, ImageIndex(root), source.for_training).dataset
    if bare:
        said = "1 image without a label is" if bare == 1 else f"{bare:,} images without a label are"
        dataset = replace(dataset, warnings=(*dataset.warnings, f"{said} not used"))
    return dataset


def _table(name: str, columns: Sequence[str], files: Sequence[UnpackedFile], named: Callable[[str], str]) -> Table:
    def read() -> Iterator[tuple[object, Sequence[str]]]:
        for file in files:
            cells = {column: file.cells.get(column, "") for column in columns}
            if LABEL in cells:
                cells[LABEL] = named(cells[LABEL])
            yield file.path, [file.path, *cells.values()]

    return Table(name, (_PATH, *columns), read, row="image")


def _class_names(found: Sequence[UnpackedArchive], root: Path) -> Callable[[Sequence[str]], Callable[[str], str]]:
    """What turns the labels of `.cls` into names: where all are numbers, and a list says what they stand for."""
    lines = _listed_names(found, root)

    def named(labels: Sequence[str]) -> Callable[[str], str]:
        if not lines or not all(label.isdecimal() for label in labels):
            return str
        if beyond := [label for label in labels if int(label) >= len(lines)]:
            raise DataError(
                f"{found[0].archive.name}: label {brief(beyond[0])}, and {CLASS_NAMES} has {len(lines):,} names, from 0"
            )
        return lambda label: lines[int(label)]

    return named


def _listed_names(found: Sequence[UnpackedArchive], root: Path) -> list[str]:
    """The lines of the list of names, in an archive or beside the first."""
    inside = (root / file.path for one in found for file in one.files if file.path == f"{one.folder}/{CLASS_NAMES}")
    content = next((file.read_bytes() for file in inside), None)
    if content is None:
        content = _beside(found[0].archive)
    if content is None:
        return []
    try:
        return [line.strip() for line in content.decode("utf-8-sig").splitlines() if line.strip()]
    except UnicodeDecodeError:
        raise DataError(f"{CLASS_NAMES}, beside {found[0].archive.name}: is not UTF-8") from None


def _beside(archive: Archive) -> bytes | None:
    """The list that lies beside an archive, if there is one."""
    place = archive.name[: len(archive.name) - len(archive.short_name)] + CLASS_NAMES
    if is_in_store(archive.name):
        from kerastl.sources._stores import store_object

        try:
            remote = store_object(place)
            return remote.fetch(0, min(remote.size, _MOST_NAMES_BYTES))
        except FileNotFoundError:
            return None
    if is_address(archive.name):
        return None
    try:
        return read_regular(place, _MOST_NAMES_BYTES)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise DataError(f"{place}: cannot be read ({error})") from error


def _splits(found: Sequence[UnpackedArchive]) -> list[Split | None]:
    """The split that each archive is called after, as in `train-000.tar`; none unless all are, after different ones."""
    parsed = [parse(one.archive.short_name.partition(".")[0], table=True) for one in found]
    splits = [one.split for one in parsed if one is not None]
    return [*splits] if len(splits) == len(found) and len(set(splits)) > 1 else [None] * len(found)


def _in_folders(source: DataSource, root: Path, found: Sequence[UnpackedArchive]) -> Dataset:
    """What the folders and tables in an archive say, as if they had been unpacked by hand."""
    called = shown(source.given)
    if len(found) > 1:
        raise DataError(
            f"{called}: no labels in {len(found)} archives: neither .cls files nor columns; a single archive may have "
            "a folder for each class"
        )
    if not found[0].files:
        raise DataError(f"{called}: no images in it that can be read")
    folder = _unwrapped(root / found[0].folder)
    inner = DataSource(folder, source.columns, source.for_training)
    try:
        dataset = next((dataset for layout in layouts() if (dataset := layout.read(inner)) is not None), None)
    except DataError as error:
        inner.class_folders_problem, dataset = error, None
    if dataset is None:
        problem = inner.class_folders_problem or DataError(f"{called}: no labels in it")
        raise DataError(str(problem).replace(str(folder), called)) from problem  # nobody knows the cache's folder
    return dataset


def _unwrapped(folder: Path) -> Path:
    """Into folders that hold nothing but one other."""
    for _ in range(_ROOT_DEPTH):
        with os.scandir(folder) as entries:
            found = list(entries)
        if len(found) != 1 or not found[0].is_dir(follow_symlinks=False):
            break
        inner = Path(found[0].path)
        with os.scandir(inner) as below:
            if not any(entry.is_dir(follow_symlinks=False) for entry in below):
                break  # a class
        folder = inner
    return folder


def _faults(found: Sequence[UnpackedArchive]) -> list[str]:
    faults = [(one.archive.name, *fault) for one in found for fault in one.faults]
    if not faults:
        return []
    archive, name, why = faults[0]
    what = "1 image was" if len(faults) == 1 else f"{len(faults):,} images were"
    return [f"{what} left in the archives ({printable(archive)}::{brief(name)}: {why})"]


ARCHIVES = Layout("archives", "archives whose images have labels: WebDataset, Parquet, or folders in one", _archives)
