"""A model's view of a labelled folder: which pictures, which classes, and what is computed of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerastl.classifier import Classifier
from kerastl.data import Dataset, Item
from kerastl.errors import DataError, ImageError
from kerastl.evaluation.matching import Matching, match
from kerastl.evaluation.selection import Part, Selection, select
from kerastl.evaluation.training_parts import Parted, with_parts
from kerastl.progress import stage

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Labelled:
    """Pictures whose class the model knows.

    Args:
        parted: Where they are from.
        selection: The part that was chosen.
        matching: The data set's classes among the model's.
        items: The pictures, sorted by path.
        unknown: Pictures of the selection that the model has no class for, by class.
    """

    parted: Parted
    selection: Selection
    matching: Matching
    items: tuple[Item, ...]
    unknown: Mapping[str, int]

    @property
    def dataset(self) -> Dataset:
        """Where they are from."""
        return self.parted.dataset

    def truth(self, items: Sequence[Item]) -> np.ndarray:
        """The classes of `items`: int64 array of shape (n,), places in the model's output."""
        return np.array([self.matching.indices[item.label] for item in items], np.int64)


def parted(classifier: Classifier, dataset: Dataset, progress: Progress | None = None) -> Parted:
    """Find out which pictures the model was trained on.

    Args:
        classifier: The model.
        dataset: The pictures.
        progress: Called with the pictures done and their number.

    Raises:
        ModelError: What the model's file says of its training is broken.
    """
    with stage("looking for the training pictures"):
        return with_parts(dataset, classifier.file, classifier.card, progress)


def labelled(classifier: Classifier, data: Parted, part: Part | None, *, fresh: bool = False) -> Labelled:
    """Choose the pictures of a folder that a model can be held against.

    Args:
        classifier: The model.
        data: From `parted`.
        part: See `kerastl.evaluation.selection.select`.
        fresh: Likewise.

    Raises:
        UsageError: There is no such part.
        DataError: There is nothing to evaluate on.
    """
    selection = select(data, part, fresh=fresh)
    matching = match(sorted({item.label for item in selection.items}), classifier.labels, classifier.name)
    known = tuple(item for item in selection.items if item.label in matching.indices)
    unknown = Counter(item.label for item in selection.items if item.label not in matching.indices)
    return Labelled(data, selection, matching, known, dict(sorted(unknown.items())))


def compute(
    pictures: Labelled,
    classifier: Classifier,
    function: Callable[[np.ndarray, Sequence[Item]], Sequence[Any]],
    progress: Progress | None = None,
    what: str = "scoring pictures",
) -> tuple[tuple[Item, ...], list[Any], dict[str, str]]:
    """Apply a function to the pixels of each picture, in several threads.

    Args:
        pictures: The pictures.
        classifier: Reads them.
        function: From uint8 pixels of shape (n, height, width, 3) and their items to n results.
        progress: Called with the pictures done and their number.
        what: What people are told is done.

    Returns:
        The pictures that could be read, a result for each, and why the others could not be read.

    Raises:
        DataError: Not one can be read.
    """

    def work(group: list[Item]) -> list[Any]:
        read: list[Any] = [_pixels(classifier, pictures.dataset.file(item)) for item in group]
        good = [index for index, pixels in enumerate(read) if not isinstance(pixels, ImageError)]
        if good:
            results = function(np.stack([read[index] for index in good]), [group[index] for index in good])
            for index, result in zip(good, results, strict=True):
                read[index] = result
        return read

    kept, results, failed = [], [], {}
    with stage(what, len(pictures.items)) as told:
        for item, result in zip(pictures.items, classifier.stream(pictures.items, work), strict=True):
            if isinstance(result, ImageError):
                failed[item.path] = result.reason
            else:
                kept.append(item)
                results.append(result)
            told.advance()
            if progress is not None:
                progress(len(kept) + len(failed), len(pictures.items))
    if not kept:
        path, reason = next(iter(failed.items()))
        raise DataError(f"{pictures.dataset.root}: not one picture can be read (the first: {path}: {reason})")
    return tuple(kept), results, failed


def _pixels(classifier: Classifier, file: Path) -> np.ndarray | ImageError:
    try:
        return classifier.pixels(file)
    except ImageError as error:
        return error
