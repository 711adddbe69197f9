"""Layouts that speak through the names of folders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

from kerastl._base.text import printable
from kerastl.data._dataset import Dataset, Item, Split
from kerastl.data._given_splits import settle
from kerastl.data._layout_registry import DataSource, Layout
from kerastl.data._layouts.class_names import class_name, respelled
from kerastl.data._layouts.doubtful_folders import mask_files, refuse_masks
from kerastl.data._layouts.folder_layouts import FolderLayout, understand
from kerastl.data._layouts.image_folders import grow
from kerastl.data._layouts.label_format import NUMBER
from kerastl.data._layouts.nested_folders import nested
from kerastl.data._numbers import with_numbers
from kerastl.data._several_folders import with_sets
from kerastl.data._tree import Tree, counted, read_tree, with_left_out
from kerastl.errors import DataError, UsageError
from kerastl.tasks._task import CLASSIFICATION, TASKS


def read(root: Path, for_training: bool = True, classes: str | None = None, task: str = CLASSIFICATION) -> Dataset:
    """Read class folders, or split folders with class folders in them; see `kerastl.data.scan`."""
    tree = read_tree(root)
    if not tree.images:
        raise DataError(f"{root}: no images in it{tree.instead()}")
    masks = mask_files(tree.images)
    tree.images = [path for path in tree.images if path not in masks]
    tree.others.extend(masks)
    try:
        grown = grow(tree.images)
        layout = understand(str(root), grown, for_training, told=classes is not None)
        dataset = _read(root, tree, nested(grown, layout, classes), for_training, task)
    except DataError as error:
        # Labels of detection data are texts, which the layout does not see.
        refuse_masks(str(root), {PurePosixPath(path).name for path in tree.folders})
        if not tree.like_images:
            raise
        raise DataError(f"{error}; {counted(tree.like_images.values())}") from None
    what = "1 image is called like a mask" if len(masks) == 1 else f"{len(masks)} images are called like masks"
    warnings = [f"{what} of another and left out ({printable(min(masks))})"] if masks else []
    dataset = replace(dataset, warnings=(*dataset.warnings, *warnings), class_folders=classes)
    try:
        _ = dataset.hierarchy
    except UsageError as error:
        raise DataError(f"{root}: {error}") from None
    return dataset


def _read(root: Path, tree: Tree, layout: FolderLayout, for_training: bool, task: str) -> Dataset:
    items, stray = [], []
    owners = _Owners(layout)
    for path in tree.images:
        owner = owners[path.rpartition("/")[0]]
        if owner is None:
            stray.append(path)
        else:
            items.append(Item(path, class_name(owner[0]), owner[1]))
    is_split = any(split for _, split in layout.classes.values())
    learnt = [item for item in items if item.split in (None, "train") or not for_training] or items
    is_number = TASKS[task].kind == "number"
    classes, empty = _filled_classes(root, learnt, _siblings(tree, layout), for_training and not is_number)
    outside = "a class folder of a split" if is_split else "a class folder"
    dataset = Dataset(
        root=root,
        classes=classes,
        items=tuple(sorted(items)),
        layout=layout.text.replace("{}", str(len(classes)), 1),
        warnings=(*empty, *_outside(_unsaid(stray, layout), outside), *layout.warnings, *_respelled(layout)),
        ignored=tuple(sorted(tree.others + stray)),
    )
    if TASKS[task].kind == "indicators":
        dataset = with_sets(dataset)
    if is_number:
        dataset = with_numbers(dataset, NUMBER, for_training=for_training)
    dataset = settle(dataset, for_training) if is_split else dataset
    return with_left_out(dataset, tree, _class_at(layout))


class _Owners(dict[str, "tuple[str, Split | None] | None"]):
    """The class and split that the images of a folder belong to, by the folder's path."""

    def __init__(self, layout: FolderLayout) -> None:
        super().__init__(layout.classes)
        self.update(dict.fromkeys(layout.left_out))
        self.setdefault("", None)

    def __missing__(self, path: str) -> tuple[str, Split | None] | None:
        found = self[path] = self[path.rpartition("/")[0]]
        return found


def _class_at(layout: FolderLayout) -> Callable[[str], str | None]:
    """Tells the class that a file would belong to, if it were an image; also in a folder without any image."""
    above, beside = _above(layout), _name_beside(layout, layout.classes)

    def class_at(path: str) -> str | None:
        folder = path
        while folder := folder.rpartition("/")[0]:
            if folder in layout.classes:
                return class_name(layout.classes[folder][0])
            if folder in above or folder in layout.left_out:
                return None
            if (name := beside(folder)) is not None:
                return name
        return None

    return class_at


def _above(layout: FolderLayout) -> set[str]:
    """The folders that class folders lie in."""
    return {path[:place] for path in layout.classes for place, letter in enumerate(path) if letter == "/"}


def _siblings(tree: Tree, layout: FolderLayout) -> set[str]:
    """The names of folders that lie where the class folders of train do."""
    trained = [path for path, (_, split) in layout.classes.items() if split in (None, "train")]
    if any(class_name(path.rpartition("/")[2]) != _own_name(name) for path, (name, _) in layout.classes.items()):
        return set()  # the name of a class is not that of a folder
    above, beside = _above(layout), _name_beside(layout, trained)
    return {name for path in tree.folders if path not in above and (name := beside(path)) is not None}


def _own_name(name: str) -> str:
    """The last part of the name of a class, which may be a path."""
    return class_name(name).rpartition("/")[2]


def _name_beside(layout: FolderLayout, classes: Iterable[str]) -> Callable[[str], str | None]:
    """Gives the name that a folder beside those of some classes would have as a class; None for one elsewhere."""
    above = {path.rpartition("/")[0]: layout.classes[path][0].rpartition("/")[0] for path in classes}

    def beside(folder: str) -> str | None:
        where, _, own = folder.rpartition("/")
        if where not in above:
            return None
        return f"{above[where]}/{class_name(own)}" if layout.paths and above[where] else class_name(own)

    return beside


def _unsaid(stray: Sequence[str], layout: FolderLayout) -> list[str]:
    """Without what the layout's warnings are about."""
    return [path for path in stray if not any(path.startswith(f"{folder}/") for folder in layout.left_out)]


def _respelled(layout: FolderLayout) -> list[str]:
    spellings: dict[str, set[str]] = {}
    for name, _ in layout.classes.values():
        spellings.setdefault(class_name(name), set()).add(name)
    return respelled(spellings)


def _filled_classes(
    root: Path, items: Sequence[Item], folders: set[str], for_training: bool
) -> tuple[tuple[str, ...], list[str]]:
    """The classes that have images, and a warning about those that have none."""
    classes = tuple(sorted({item.label for item in items}))
    if not classes and not for_training:
        raise DataError(_flat(root))
    empty = sorted({class_name(name) for name in folders}.difference(classes))
    shown = ", ".join(f"'{printable(name)}'" for name in empty[:5]) + (", ..." if len(empty) > 5 else "")
    if len(classes) < 2 and for_training:
        raise DataError(_too_few(root, items, classes, shown if classes else ""))
    if not empty:
        return classes, []
    it = "it" if len(empty) == 1 else "them"
    return classes, [f"{shown}: no images in {it}, left out of the classes"]


def _too_few(root: Path, items: Sequence[Item], classes: Sequence[str], empty: str) -> str:
    if not classes:
        return f"{root}: images, but no class folders; give each class a folder of its own, or name a table"
    only = f"{root}: one class only ('{printable(classes[0])}'); a classifier needs two or more"
    for folder in grow(item.path for item in items if item.split is None).chain():
        if len(folder.folders) > 1:
            where = f"{root / folder.path}, with {len(folder.folders)} folders of images"
            return f"{only}; did you mean {where}, or --classes leaf?"
    return f"{only}; there are no images in {empty}" if empty else only


def _flat(root: Path) -> str:
    """What to say of images whose class only the name of their own folder may tell."""
    above = root.absolute()
    return (
        f"{root}: images, but no class folders in it, so that their classes are not known; if they all show "
        f"'{printable(above.name)}', give the folder above ({printable(str(above.parent))}), or name them in a table"
    )


def _outside(stray: Sequence[str], where: str) -> list[str]:
    if not stray:
        return []
    images = "1 image lies" if len(stray) == 1 else f"{len(stray)} images lie"
    return [f"{images} outside {where} and {'is' if len(stray) == 1 else 'are'} not used ({min(stray)})"]


def _class_folders(source: DataSource) -> Dataset | None:
    """Class folders; why there are none is noted, since tables may follow."""
    if not source.is_folder or source.columns.given:
        return None
    try:
        columns = source.columns
        dataset = read(source.path, source.for_training, columns.classes, columns.labels.resolved.name)
    except DataError as error:
        source.class_folders_problem = error
        return None
    notes = source.tables.notes()
    if source.reading is not None:
        names = " and ".join(printable(table.file_name) for table in source.tables.usable)
        notes = [f"{names} is not used, since there are class folders; to use it, name it instead of the folder"]
    return replace(dataset, warnings=(*dataset.warnings, *notes))


CLASS_FOLDERS = Layout("class-folders", "a folder a class, perhaps in train/, val/ and test/", _class_folders)
