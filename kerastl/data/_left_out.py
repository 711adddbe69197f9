"""What is said of files that look like images, but are of kinds that are not read here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kerastl._base.text import listed
from kerastl.data._dataset import Dataset, LeftOut
from kerastl.data._tree import Tree, counted


def noted(dataset: Dataset, tree: Tree, class_at: Callable[[str], str | None]) -> Dataset:
    """A data set of folders, with what is left out of the tree that it was read from.

    Args:
        dataset: What was read.
        tree: What there is.
        class_at: The class that the file at a path would belong to, or None.
    """
    left_out = sorted(LeftOut(path, what, class_at(path)) for path, what in tree.like_images.items())
    return replace(dataset, left_out=tuple(left_out), warnings=(*dataset.warnings, *tree.own_warnings()))


def summary(dataset: Dataset) -> str:
    """One line on what is left out, and what to do about it; empty where nothing is."""
    if not dataset.left_out:
        return ""
    line = counted(one.what for one in dataset.left_out)
    lost = vanished(dataset)
    return f"{line}; nothing is left of {listed(lost)}" if lost else line


def vanished(dataset: Dataset) -> tuple[str, ...]:
    """The classes of which nothing is left, since all their images are left out; sorted."""
    return tuple(sorted({one.label for one in dataset.left_out if one.label} - set(dataset.classes)))
