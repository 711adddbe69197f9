"""What is said of files that look like pictures, but are of kinds that are not read here."""

from __future__ import annotations

from dataclasses import replace

from kerastl.data.dataset import Dataset, LeftOut
from kerastl.data.walking import Tree, counted
from kerastl.text import listed


def noted(dataset: Dataset, tree: Tree) -> Dataset:
    """A data set of folders, with what is left out of the tree that it was read from."""
    from kerastl.data.folders import class_name

    # Whatever the layout, the names of the classes stand at one place of the paths.
    first = dataset.items[0]
    names = [class_name(name) for name in first.path.split("/")[:-1]]
    place = names.index(first.label) if first.label in names else 0
    left_out = []
    for path, what in tree.like_pictures.items():
        folders = path.split("/")[:-1]
        left_out.append(LeftOut(path, what, class_name(folders[place]) if len(folders) > place else None))
    warnings = (*dataset.warnings, *tree.own_warnings())
    return replace(dataset, left_out=tuple(sorted(left_out)), warnings=warnings)


def summary(dataset: Dataset) -> str:
    """One line on what is left out, and what to do about it; empty where nothing is."""
    if not dataset.left_out:
        return ""
    line = counted(one.what for one in dataset.left_out)
    lost = vanished(dataset)
    return f"{line}; nothing is left of {listed(lost)}" if lost else line


def vanished(dataset: Dataset) -> tuple[str, ...]:
    """The classes of which nothing is left, since all their pictures are left out; sorted."""
    return tuple(sorted({one.label for one in dataset.left_out if one.label} - set(dataset.classes)))
