"""Layouts that speak through the names of folders."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from kerastl.data import left_out
from kerastl.data.dataset import Dataset, Item, Split
from kerastl.data.given_splits import SPLIT_NAMES, settle
from kerastl.data.walking import Tree, read_tree
from kerastl.errors import DataError
from kerastl.text import printable


def read(root: Path, for_training: bool = True) -> Dataset:
    """Read class folders, or split folders with class folders in them; see `kerastl.data.scan`."""
    tree = read_tree(root)
    if not tree.pictures:
        raise DataError(f"{root}: no pictures in it{tree.instead()}")
    try:
        splits = _split_folders(root, tree, for_training)
        dataset = _read_splits(root, tree, splits, for_training) if splits else _read_classes(root, tree, for_training)
    except DataError as error:
        if not tree.like_pictures:
            raise
        raise DataError(f"{error}; {left_out.counted(tree.like_pictures.values())}") from None
    return left_out.noted(dataset, tree)


def class_name(text: str) -> str:
    """The name of a class as it is stored: trimmed, composed Unicode (macOS lists names decomposed)."""
    return unicodedata.normalize("NFC", text.strip())


def _split_folders(root: Path, tree: Tree, for_training: bool) -> dict[str, Split]:
    """The folders that are splits, by name; empty where the top folders are the classes.

    A class may well be called "train". It is a split if another split lies beside it, or if nothing else
    there holds pictures and its own lie in folders.
    """
    direct, deep = tree.filled(1), tree.filled(2)
    filled = sorted(direct | deep)
    splits = {name: SPLIT_NAMES[name.lower()] for name in filled if name.lower() in SPLIT_NAMES}
    train = [name for name, split in splits.items() if split == "train"]
    if not train:
        return splits if not for_training and filled == sorted(splits) and not direct else {}
    if len(splits) > 1:
        if not deep.intersection(train):
            raise DataError(f"{root / train[0]}: no class folders in it; give each class a folder of its own")
        return {name: split for name, split in splits.items() if name in deep}
    return splits if filled == train and not direct else {}


def _read_classes(root: Path, tree: Tree, for_training: bool) -> Dataset:
    items, stray = [], []
    for path in tree.pictures:
        folder, _, inside = path.partition("/")
        if inside:
            items.append(Item(path, class_name(folder)))
        else:
            stray.append(path)
    folders = {path for path in tree.folders if "/" not in path}
    classes, empty = _filled_classes(root, items, folders, for_training)
    return Dataset(
        root=root,
        classes=classes,
        items=tuple(sorted(items)),
        layout=f"{len(classes)} class folders",
        warnings=(*empty, *_outside(stray, "a class folder")),
        ignored=tuple(sorted(tree.others + stray)),
    )


def _read_splits(root: Path, tree: Tree, splits: Mapping[str, Split], for_training: bool) -> Dataset:
    items, stray = [], []
    for path in tree.pictures:
        top, _, rest = path.partition("/")
        folder, _, inside = rest.partition("/")
        if inside and top in splits:
            items.append(Item(path, class_name(folder), splits[top]))
        else:
            stray.append(path)
    train = {path.partition("/")[2] for path in tree.folders if _is_class_of_train(path, splits)}
    learnt = [item for item in items if item.split == "train" or not for_training]
    classes, empty = _filled_classes(root, learnt, train, for_training)
    order = list(SPLIT_NAMES)
    named = " and ".join(f"{name}/" for name in sorted(splits, key=lambda name: order.index(name.lower())))
    return settle(
        Dataset(
            root=root,
            classes=classes,
            items=tuple(sorted(items)),
            layout=f"{named} with {len(classes)} class folders",
            warnings=(*empty, *_outside(stray, "a class folder of a split")),
            ignored=tuple(sorted(tree.others + stray)),
        ),
        for_training,
    )


def _is_class_of_train(path: str, splits: Mapping[str, Split]) -> bool:
    top, _, rest = path.partition("/")
    return splits.get(top) == "train" and bool(rest) and "/" not in rest


def _filled_classes(
    root: Path, items: Sequence[Item], folders: set[str], for_training: bool
) -> tuple[tuple[str, ...], list[str]]:
    """The classes that have pictures, and a warning about those that have none."""
    classes = tuple(sorted({item.label for item in items}))
    if not classes and not for_training:
        raise DataError(_flat(root))
    if len(classes) < 2 and for_training:
        raise DataError(_too_few(root, items, classes))
    empty = sorted({class_name(name) for name in folders}.difference(classes))
    if not empty:
        return classes, []
    shown = ", ".join(f"'{name}'" for name in empty[:5]) + (", ..." if len(empty) > 5 else "")
    it = "it" if len(empty) == 1 else "them"
    return classes, [f"{shown}: no pictures in {it}, left out of the classes"]


def _too_few(root: Path, items: Sequence[Item], classes: Sequence[str]) -> str:
    if not classes:
        return f"{root}: pictures, but no class folders; give each class a folder of its own, or name a table"
    top = items[0].path.split("/")[0]
    inner = {item.path.split("/")[1] for item in items if item.path.count("/") > 1 and item.split is None}
    hint = f"; did you mean {root / top}, with {len(inner)} folders of pictures" if len(inner) > 1 else ""
    return f"{root}: one class only ('{classes[0]}'); a classifier needs two or more{hint}"


def _flat(root: Path) -> str:
    """What to say of pictures whose class only the name of their own folder may tell."""
    above = root.absolute()
    return (
        f"{root}: pictures, but no class folders in it, so that their classes are not known; if they all show "
        f"'{printable(above.name)}', give the folder above ({printable(str(above.parent))}), or name them in a table"
    )


def _outside(stray: Sequence[str], where: str) -> list[str]:
    if not stray:
        return []
    pictures = "1 picture lies" if len(stray) == 1 else f"{len(stray)} pictures lie"
    return [f"{pictures} outside {where} and {'is' if len(stray) == 1 else 'are'} not used ({min(stray)})"]
