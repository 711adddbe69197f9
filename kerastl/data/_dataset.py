"""What a labeled folder holds, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kerastl.models._hierarchy import Hierarchy
from kerastl.tasks._task import CLASSIFICATION, TASKS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Split = Literal["train", "val", "test"]
"""The part of a data set that an image belongs to: to train on, to choose and calibrate on, to judge by."""

SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One labeled image.

    Args:
        path: The file relative to the data set's root, with forward slashes; absolute where it lies outside.
        label: The name of its class; of several labels their names with `|` between, of none an empty text; or its
            number.
        split: The part it belongs to, or None as long as nothing is split.

    Example:
        >>> from kerastl.data import Item
        >>> Item("star/star_03.jpg", "star").split is None
        True
    """

    path: str
    label: str
    split: Split | None = None


@dataclass(frozen=True, slots=True, order=True)
class LeftOut:
    """A file that looks like an image, but is of a kind that kerastl does not read here.

    Args:
        path: As in `Item`.
        what: What it is, and what to do about it in brackets.
        label: The class that it would belong to; None outside the classes.

    Example:
        >>> from kerastl.data import LeftOut
        >>> LeftOut("scans/001.dcm", "a DICOM file (convert it to PNG)", "scans").path
        'scans/001.dcm'
    """

    path: str
    what: str
    label: str | None = None


@dataclass(frozen=True)
class Dataset:
    """A scanned folder of labeled images.

    Args:
        root: The folder that the paths are relative to.
        classes: The names of the classes; the place of a name is the index that models use. Sorted, unless they have
            an order. Where a number is to be told, what it is called.
        items: The images, sorted by path.
        layout: One sentence on how the folder was understood.
        warnings: What the user should know, one line each.
        ignored: Files that are no images, or belong to no class, relative to `root`; without those of `left_out`.
        left_out: Files that look like images, but are of kinds that are not read here, sorted by path.
        task: What the labels are: a name of `kerastl.tasks.TASKS`.
        class_folders: Which of nested folders the classes are, as was asked for: `leaf`, `top` or `path`, whose names
            are paths through a tree, such as `animals/dogs/beagle`; else None.
        label_separator: What stood between several labels in a table; else None.
        archives: What was given, where that were archives, and `root` is where their images were unpacked; else None.

    Example:
        >>> from kerastl.data import scan
        >>> dataset = scan("data/shapes")
        >>> dataset.classes, len(dataset.items), dataset.items[0].path
        (('circle', 'square', 'star', 'triangle'), 88, 'circle/circle_00.jpg')
    """

    root: Path
    classes: tuple[str, ...]
    items: tuple[Item, ...]
    layout: str
    warnings: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    task: str = CLASSIFICATION
    class_folders: str | None = None
    label_separator: str | None = None
    archives: str | None = None

    @property
    def called(self) -> str:
        """What messages call it."""
        return str(self.root) if self.archives is None else self.archives

    @property
    def hierarchy(self) -> Hierarchy | None:
        """The tree of the classes, where their names are paths; else None."""
        return Hierarchy.of_paths(self.classes) if self.class_folders == "path" else None

    @property
    def is_split(self) -> bool:
        """Whether every image has its part and there is something to validate on."""
        parts = {item.split for item in self.items}
        return None not in parts and "val" in parts

    def file(self, item: Item) -> Path:
        """The file of `item`."""
        return self.root / item.path

    def subset(self, split: Split) -> tuple[Item, ...]:
        """The images of one part, sorted by path."""
        return tuple(item for item in self.items if item.split == split)

    def counts(self, split: Split | None = None) -> dict[str, int]:
        """Images of each class, in class order; of one part, or of all."""
        counts = dict.fromkeys(self.classes, 0)
        for item in self.items:
            if split is None or item.split == split:
                for name in self.class_names(item):
                    counts[name] += 1
        return counts

    def class_names(self, item: Item) -> tuple[str, ...]:
        """The classes of an image: one; of a set of labels as many as it has; of a number what that is called."""
        task = TASKS[self.task]
        return self.classes if task.kind == "number" else task.class_names(item.label)

    def labels(self, items: Iterable[Item]) -> NDArray[Any]:
        """What is to be learnt of `items`, as the task keeps it.

        Returns:
            Of a class each, int64 `(n,)`, values in `[0, len(classes))`; of labels, bool `(n, len(classes))`; of
            numbers, float32 `(n,)`.
        """
        return TASKS[self.task].targets([item.label for item in items], self.classes)

    def class_indices(self, items: Iterable[Item]) -> NDArray[np.int64]:
        """The classes of `items` as int64, shape `(n,)`, each in `[0, len(classes))`, where an image has one."""
        return self.labels(items)

    def one_hot(self, items: Sequence[Item]) -> NDArray[np.float32]:
        """The same as a network is to give it, float32 `(n, len(classes))`: of a class each, a 1 in each row."""
        return TASKS[self.task].output_targets(self.labels(items), len(self.classes))

    def without(self, paths: Collection[str]) -> Dataset:
        """The same data set without the images at `paths`; the classes stay."""
        return replace(self, items=tuple(item for item in self.items if item.path not in paths)) if paths else self
