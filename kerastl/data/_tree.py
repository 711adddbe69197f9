"""Everything below a folder of training images, sorted into what it is."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from kerastl._base.text import listed, printable
from kerastl._base.walking import walk
from kerastl.data._dataset import Dataset, LeftOut
from kerastl.errors import DataError
from kerastl.images._formats import Sorter

_NAMED = 5


def counted(kinds: Iterable[str]) -> str:
    """Say how many files of each kind are left out, such as `2 files that look like images are left out: 2 HEIC`."""
    counts = sorted(Counter(kinds).items(), key=lambda pair: (-pair[1], pair[0]))
    total = sum(count for _, count in counts)
    what = ", ".join(f"{count:,} {kind}" for kind, count in counts)
    files = "1 file that looks like an image is" if total == 1 else f"{total:,} files that look like images are"
    return f"{files} left out: {what}"


@dataclass
class Tree:
    """What lies below a folder, as paths relative to it, with forward slashes.

    Args:
        folders: All folders.
        images: Files to learn from.
        like_images: Files that look like images but are not read here, and what each is.
        others: All other files.
        own: Folders that kerastl wrote, which are not gone through, and what each is.
    """

    folders: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    like_images: dict[str, str] = field(default_factory=dict)
    others: list[str] = field(default_factory=list)
    own: dict[str, str] = field(default_factory=dict)

    def filled(self, depth: int) -> set[str]:
        """The top folders that hold images directly (`depth` 1) or in folders of theirs (2)."""
        return {path.split("/")[0] for path in self.images if min(path.count("/"), 2) == depth}

    def instead(self) -> str:
        """What to say of a folder without images: what it holds instead of them."""
        if self.like_images:
            return f" that can be read here; {counted(self.like_images.values())}"
        return f", only {len(self.others)} other files" if self.others else ""

    def own_warnings(self) -> list[str]:
        """What to say of the folders that kerastl wrote."""
        if not self.own:
            return []
        named = [f"{printable(path)}/ ({what})" for path, what in sorted(self.own.items())[:_NAMED]]
        more = len(self.own) - len(named)
        shown = ", ".join(named) + (f" and {more:,} more" if more else "")
        return [f"not used, since kerastl wrote {'it' if len(self.own) == 1 else 'them'}: {shown}"]


def read_tree(root: Path) -> Tree:
    """Go through a folder.

    Raises:
        DataError: A folder cannot be listed.
    """
    tree, sorter = Tree(), Sorter()
    for path, kind, detail in walk(str(root), ""):
        if kind == "file":
            _sort_in(tree, path, root, sorter)
        elif kind == "folder":
            tree.folders.append(path)
        elif kind == "own":
            tree.own[path] = detail
        else:
            raise DataError(f"{root / path}: the folder cannot be listed ({detail})")
    return tree


def _sort_in(tree: Tree, path: str, root: Path, sorter: Sorter) -> None:
    kind = sorter.kind(os.path.join(root, path))  # noqa: PTH118 - half the time for 100,000 files
    if kind.name == "image":
        tree.images.append(path)
    elif kind.name == "side":
        tree.others.append(path)
    else:
        tree.like_images[path] = kind.what


def with_left_out(dataset: Dataset, tree: Tree, class_at: Callable[[str], str | None]) -> Dataset:
    """A data set of folders, with what is left out of the tree that it was read from.

    Args:
        dataset: What was read.
        tree: What there is.
        class_at: The class that the file at a path would belong to, or None.
    """
    left_out = sorted(LeftOut(path, what, class_at(path)) for path, what in tree.like_images.items())
    return replace(dataset, left_out=tuple(left_out), warnings=(*dataset.warnings, *tree.own_warnings()))


def left_out_summary(dataset: Dataset) -> str:
    """One line on what is left out, and what to do about it; empty where nothing is."""
    if not dataset.left_out:
        return ""
    line = counted(one.what for one in dataset.left_out)
    lost = vanished_classes(dataset)
    return f"{line}; nothing is left of {listed(lost)}" if lost else line


def vanished_classes(dataset: Dataset) -> tuple[str, ...]:
    """The classes of which nothing is left, since all their images are left out; sorted."""
    return tuple(sorted({one.label for one in dataset.left_out if one.label} - set(dataset.classes)))
