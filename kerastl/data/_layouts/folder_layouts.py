"""How folders of images stand for classes and splits: each rule is tried in turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from kerastl._base.text import printable
from kerastl.data._dataset import SPLITS, Split
from kerastl.data._layouts import split_names
from kerastl.data._layouts.doubtful_folders import doubts, masks_among, masks_left_out, refuse_masks
from kerastl.data._layouts.image_folders import ImageFolder
from kerastl.errors import DataError


@dataclass(frozen=True)
class FolderLayout:
    """What the folders stand for.

    Args:
        classes: Path of a folder to the name of its class, as it was found, and its split. Folders that lie deeper
            belong to the class, unless they are in `left_out`.
        text: What to say of it; `{}` is the number of classes.
        left_out: Paths of folders whose images are not used.
        warnings: One line each.
        paths: Whether the names of the classes are paths, such as `animals/dogs`.
    """

    classes: Mapping[str, tuple[str, Split | None]]
    text: str
    left_out: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()
    paths: bool = False


@dataclass(frozen=True)
class FolderRule:
    """A way of naming folders.

    Args:
        description: What the folders are called, in a line.
        look: Gives the layout, from the root's name for messages and what lies below; None where this is none.
    """

    description: str
    look: Callable[[str, ImageFolder], FolderLayout | None]


def understand(root: str, tree: ImageFolder, for_training: bool = True, told: bool = False) -> FolderLayout:
    """Find the layout.

    Args:
        root: The folder, for messages.
        tree: What lies below it.
        for_training: Whether one is to learn from it; else splits need no train beside them.
        told: Whether it was said which of nested folders are the classes.

    Raises:
        DataError: The folders are no classes, as far as one can see.
    """
    base = _base(root, tree)
    first = () if for_training else (_WITHOUT_TRAIN,)
    rules = (*first, *_RULES, _AS_TOLD if told else _ANY)
    layout = next(found for found in (rule.look(root, base) for rule in rules) if found is not None)
    refuse_masks(root, {name for name, _ in layout.classes.values()})
    inside = f" in {printable(base.path)}/" if base.path else ""
    layout = _without_masks(tree, layout)
    return replace(layout, text=layout.text + inside)


def _base(root: str, tree: ImageFolder) -> ImageFolder:
    """The folder that everything lies in: archives often hold one folder around the splits or classes."""
    for folder in tree.chain():
        if split_names.among(folder.folders) or _train_alone(folder) or _class_first(root, folder):
            return folder
    return tree.unwrapped(re.split(r"[/\\]", root.rstrip("/\\"))[-1])


def _splits(root: str, base: ImageFolder) -> FolderLayout | None:
    """`train/` beside `val/` or `test/`, each with a folder a class.

    A class may well be called "train". It is a split if another split lies beside it, or if nothing else
    there holds images and its own lie in folders.
    """
    splits = split_names.among(base.folders) or _train_alone(base)
    inner = {name: base.folders[name].unwrapped(name) for name in splits}
    train = [name for name, split in splits.items() if split == "train"]
    if not splits or (not train and not all(folder.folders for folder in inner.values())):
        return None
    refuse_masks(root, base.folders)
    if train and not any(inner[name].folders for name in train):
        if _split_and_class(root, base):
            return None
        raise DataError(
            f"{root}: {printable(train[0])}: no class folders in it; give each class a folder of its own, or name the "
            "labels in a table with the columns path and label"
        )
    return _split_layout(base, inner, splits)


def _splits_without_train(root: str, base: ImageFolder) -> FolderLayout | None:
    """`test/`, or `val/` and `test/`, with a folder a class: to compare a model with."""
    splits = {name: split for name in base.folders if (split := split_names.split_of(name))}
    inner = {name: base.folders[name].unwrapped(name) for name in splits}
    if not splits or len(splits) < len(base.folders) or not all(folder.folders for folder in inner.values()):
        return None
    if "train" in splits.values():
        return None
    return _split_layout(base, inner, splits)


def _split_layout(base: ImageFolder, inner: Mapping[str, ImageFolder], splits: Mapping[str, Split]) -> FolderLayout:
    classes = {
        found.path: (name, splits[top]) for top, folder in inner.items() for name, found in folder.folders.items()
    }
    used = [name for name in splits if inner[name].folders]
    flat = [folder for folder in inner.values() if not folder.folders]
    named = " and ".join(_split_text(base, inner[name], name, splits[name]) for name in used)
    left_out = frozenset(folder.path for folder in flat)
    return FolderLayout(classes, f"{named} with {{}} class folders", left_out, tuple(map(_flat, flat)))


def _train_alone(base: ImageFolder) -> Mapping[str, Split]:
    parsed = {name: split_names.parse(name) for name in base.folders}
    splits = {
        name: found.split for name, found in parsed.items() if found and found.split == "train" and not found.suffix
    }
    others = [name for name in base.folders if name not in splits]
    inner = [base.folders[name].unwrapped(name) for name in splits]
    if any(split_names.among(folder.folders) for folder in inner):
        return {}  # `train_test_split` holds both
    deep = all(folder.folders and not (folder.direct and others) for folder in inner)
    return splits if deep and all(split_names.is_unlabeled(name) for name in others) else {}


def _split_text(base: ImageFolder, folder: ImageFolder, name: str, split: Split) -> str:
    path = folder.path.removeprefix(f"{base.path}/") if base.path else folder.path
    return f"{printable(path)}/" + ("" if split in name.lower() else f" ({split})")


def _flat(folder: ImageFolder) -> str:
    images = f"{folder.direct} image{'' if folder.direct == 1 else 's'}"
    return f"{printable(folder.path)}: no class folders in it ({images} without a label), left out"


def _split_and_class(root: str, base: ImageFolder) -> FolderLayout | None:
    """`train_cats`, `train_dogs`, `test_cats`, `test_dogs`: the name holds both."""
    parsed = {name: split_names.split_and_class(name) for name in base.folders}
    known = {base.folders[name].path: (found[1], found[0]) for name, found in parsed.items() if found}
    splits = {split for _, split in known.values()}
    trained = {label for label, split in known.values() if split == "train"}
    if (
        len(known) < len(parsed)
        or len(splits) < 2
        or len(trained) < 2
        or {label for label, _ in known.values()} - trained
    ):
        return None
    return FolderLayout(known, f"folders named after split ({', '.join(_in_order(splits))}) and class: {{}} classes")


def _class_first(root: str, base: ImageFolder) -> FolderLayout | None:
    """`cats/train` and `cats/val`, `dogs/train` and `dogs/val`: the splits lie in the classes."""
    classes: dict[str, tuple[str, Split | None]] = {}
    for name, folder in base.folders.items():
        masks = masks_among(folder.folders)
        splits = {inner: split_names.split_of(inner) for inner in folder.folders if inner not in masks}
        if not splits or None in splits.values():
            return None
        if any(not folder.folders[inner].unwrapped(inner).direct for inner in splits):
            return None  # folders in the splits: the splits of fold1, not of a class
        classes.update({folder.below(inner): (name, split) for inner, split in splits.items()})
    found = {split for _, split in classes.values() if split is not None}
    if len(base.folders) < 2 or "train" not in found or len(found) < 2:
        return None
    return FolderLayout(classes, f"{{}} class folders, each with {' and '.join(_in_order(found))} in it")


def _in_order(splits: Iterable[Split]) -> list[Split]:
    return sorted(splits, key=SPLITS.index)


def _classes_beside_a_split(root: str, base: ImageFolder) -> FolderLayout | None:
    """`cats`, `dogs`, and `test` with `cats` and `dogs` in it."""
    splits = {name: split for name in base.folders if (split := split_names.split_of(name)) in ("val", "test")}
    classes = {name.lower() for name in base.folders if name not in splits}
    inner = {name: base.folders[name].unwrapped(name) for name in splits}
    known = [{below.lower() for below in folder.folders} for folder in inner.values()]
    if not splits or len(classes) < 2 or not all(2 * len(names & classes) > len(names) for names in known):
        return None
    found: dict[str, tuple[str, Split | None]] = {
        folder.path: (name, "train") for name, folder in base.folders.items() if name not in splits
    }
    for top, folder in inner.items():
        found.update({below.path: (name, splits[top]) for name, below in folder.folders.items()})
    beside = " and ".join(f"{printable(name)}/" for name in sorted(splits))
    return FolderLayout(found, f"{{}} class folders beside {beside} with the same")


def _class_folders(root: str, base: ImageFolder, told: bool = False) -> FolderLayout:
    """A folder a class."""
    refuse_masks(root, base.folders)
    classes: dict[str, tuple[str, Split | None]] = {folder.path: (name, None) for name, folder in base.folders.items()}
    warnings = doubts(root, base, told)
    return FolderLayout(classes, "{} class folders", warnings=warnings)


def _without_masks(tree: ImageFolder, layout: FolderLayout) -> FolderLayout:
    """Leave out masks that lie in class folders beside the images, as in `COVID/images` and `COVID/masks`."""
    left_out: set[str] = set()
    for path in layout.classes:
        folder = tree
        for name in path.split("/"):
            folder = folder.folders[name]
        left_out.update(folder.below(name) for name in masks_among(folder.folders))
    if not left_out:
        return layout
    warnings = (*layout.warnings, masks_left_out(left_out))
    return replace(layout, left_out=layout.left_out.union(left_out), warnings=warnings)


_RULES = (
    FolderRule("train/ beside val/ or test/, each with a folder a class", _splits),
    FolderRule("train_cats, test_cats: the name holds split and class", _split_and_class),
    FolderRule("cats/train, cats/val: the splits lie in the classes", _class_first),
    FolderRule("cats, dogs, and test/ with the same", _classes_beside_a_split),
)
"""In the order in which they are tried, before one that takes whatever comes, or refuses it."""

_ANY = FolderRule("a folder a class", _class_folders)
_AS_TOLD = FolderRule("a folder a class, as was said", partial(_class_folders, told=True))

_WITHOUT_TRAIN = FolderRule("test/, or val/ and test/, each with a folder a class", _splits_without_train)
