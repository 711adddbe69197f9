"""Images that lie in several class folders: there each folder is one of their labels."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from kerastl.data._dataset import Dataset, Item
from kerastl.tasks._label_text import join_labels
from kerastl.tasks._task import MULTILABEL

_BLOCK = 1 << 20


def with_sets(dataset: Dataset) -> Dataset:
    """Give images the labels of all folders that they lie in.

    Files of one part with the same bytes are one image, which keeps the path that comes first. Only files of a size
    that others have, too, are read for that.

    Args:
        dataset: Of class folders, an item a file.

    Returns:
        The same images, each once, with their labels; says how many lie in several folders.
    """
    items, several = [], 0
    for same in _same_content(dataset):
        names = {item.label for item in same}
        several += len(names) > 1
        items += _joined(same) if len(names) > 1 else [_labeled(item, names) for item in same]
    what = "1 image lies" if several == 1 else f"{several:,} images lie"
    layout = f"{dataset.layout}; any number of labels an image: {what} in several class folders"
    return replace(dataset, items=tuple(sorted(items)), layout=layout, task=MULTILABEL)


def _joined(same: Sequence[Item]) -> list[Item]:
    """One image with all the labels, in each part that it is in."""
    first = {item.split: item for item in sorted(same, reverse=True)}
    return [_labeled(item, {other.label for other in same if other.split == part}) for part, item in first.items()]


def _labeled(item: Item, names: set[str]) -> Item:
    return replace(item, label=join_labels(names))


def _same_content(dataset: Dataset) -> Iterator[list[Item]]:
    """Items whose files are the same to the byte; one that cannot be read is the same as no other."""
    for alike in _by(lambda item: dataset.file(item).stat().st_size, dataset.items):
        yield from _by(lambda item: _digest(dataset.file(item)), alike) if len(alike) > 1 else [alike]


def _by(key: Callable[[Item], object], items: Sequence[Item]) -> Iterator[list[Item]]:
    groups: dict[object, list[Item]] = {}
    for item in items:
        try:
            groups.setdefault(key(item), []).append(item)
        except OSError:  # said by whoever reads the image
            yield [item]
    yield from groups.values()


def _digest(file: Path) -> bytes:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.digest()
