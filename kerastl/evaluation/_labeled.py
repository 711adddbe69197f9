"""A model's view of a labeled folder: which images, which classes, and what is computed of each."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.text import printable
from kerastl._classifier import Classifier
from kerastl._progress import ProgressCallback, stage
from kerastl.data import Dataset, Item
from kerastl.data._layouts.class_folders import CLASS_FOLDERS
from kerastl.data._layouts.label_format import LabelFormat
from kerastl.errors import DataError, ImageError, KerastlError
from kerastl.evaluation._selection import EvaluationSplit, Matching, Selection, match, select
from kerastl.evaluation._training_parts import Parted, with_parts
from kerastl.models._metadata import CLASS_FOLDERS as CLASS_FOLDERS_KEY
from kerastl.models._metadata import LABEL_SEPARATOR, Metadata, find, read_metadata
from kerastl.models._spec import names_backbone
from kerastl.tasks._label_text import join_labels
from kerastl.tasks._task import CLASSIFICATION, TASKS, TargetKind

if TYPE_CHECKING:
    from kerastl._tta import TTAName


@dataclass(frozen=True)
class Labeled:
    """Images whose class the model knows.

    Args:
        parted: Where they are from.
        selection: The part that was chosen.
        matching: The data set's classes among the model's.
        items: The images, sorted by path.
        unknown: Images of the selection that have a class or a label which the model does not know, by its name.
        outputs: Of the model.
    """

    parted: Parted
    selection: Selection
    matching: Matching
    items: tuple[Item, ...]
    unknown: Mapping[str, int]
    outputs: int

    @property
    def dataset(self) -> Dataset:
        """Where they are from."""
        return self.parted.dataset

    def truth(self, items: Sequence[Item]) -> np.ndarray:
        """What is right of `items`, in the order of the model's output.

        Returns:
            Of a class each, int64 (n,); of labels, bool (n, labels); of numbers, float32 (n,).
        """
        return _TRUTH[TASKS[self.dataset.task].kind](self, items)


def class_folders_of(model: str | os.PathLike[str] | Classifier) -> str | None:
    """Which of nested folders a model was trained to take for classes; None where nothing says so.

    Args:
        model: As for `kerastl.evaluate`. What is wrong with its file is said when it is loaded.
    """
    metadata = _metadata_of(model)
    stored = None if metadata is None else metadata.extra.get(CLASS_FOLDERS_KEY)
    return stored if stored in CLASS_FOLDERS else None


def label_format_of(model: str | os.PathLike[str] | Classifier, separator: str | None) -> LabelFormat:
    """How labels are written that a model is compared with: as those that it was trained on, as far as that is known.

    Args:
        model: As for `kerastl.evaluate`.
        separator: What stands between several labels, where somebody says so.

    Raises:
        UsageError: Images have no several labels that could be separated.
    """
    metadata = _metadata_of(model)
    if metadata is None:
        return LabelFormat(CLASSIFICATION, separator)
    stored = metadata.extra.get(LABEL_SEPARATOR)
    target = metadata.labels.names[0] if TASKS[metadata.task].kind == "number" else None
    usual = stored if isinstance(stored, str) and stored else None
    return LabelFormat(metadata.task, separator, usual_separator=usual, usual_target=target)


def _metadata_of(model: str | os.PathLike[str] | Classifier) -> Metadata | None:
    """Those of a model that was trained; None of a published network, and where the file has none that can be read."""
    if isinstance(model, Classifier):
        return model.metadata
    if names_backbone(os.fspath(model)):
        return None
    try:
        return read_metadata(find(model))
    except (KerastlError, OSError, ValueError):
        return None


def parted(classifier: Classifier, dataset: Dataset, progress: ProgressCallback | None = None) -> Parted:
    """Find out which images the model was trained on.

    Args:
        classifier: The model.
        dataset: The images.
        progress: Told of it, see `ProgressCallback`.

    Raises:
        DataError: The labels are none that the model could be compared with.
        ModelError: What the model's file says of its training is broken.
    """
    dataset = _of_task(dataset, classifier.metadata.task)
    with stage("looking for the training images"):
        told = None if progress is None else partial(progress, "looking for the training images")
        return with_parts(dataset, classifier.file, classifier.metadata, told)


def _of_task(dataset: Dataset, task: str) -> Dataset:
    """A data set as a model of a task sees it: where an image has one class, that is a set of one label, too."""
    kinds = TASKS[dataset.task].kind, TASKS[task].kind
    if kinds[0] == kinds[1]:
        return dataset
    if kinds == ("index", "indicators"):
        items = tuple(replace(item, label=join_labels([item.label])) for item in dataset.items)
        return replace(dataset, items=items, task=task)
    root, read = printable(str(dataset.root)), dataset.task
    raise DataError(f"{root}: it was read for task {read}, and the model is for {task}: scan it with task={task!r}")


def labeled(classifier: Classifier, data: Parted, split: EvaluationSplit | None, *, fresh: bool = False) -> Labeled:
    """Choose the images of a folder that a model can be compared with.

    Args:
        classifier: The model.
        data: From `parted`.
        split: See `kerastl.evaluation._selection.select`.
        fresh: Likewise.

    Raises:
        UsageError: There is no such part.
        DataError: There is nothing to evaluate on.
    """
    selection = select(data, split, fresh=fresh)
    task = TASKS[data.dataset.task]
    names = {item.path: task.class_names(item.label) for item in selection.items}  # none of numbers
    classes = sorted({name for found in names.values() for name in found})
    left_out = sum(data.is_trained(item) for item in data.dataset.items if item.path not in names)
    matching = match(classes, classifier.labels, classifier.name, left_out)
    # Where an image has several labels, those that the model does not know do not count, and the image does.
    counts = _COUNTS[task.kind]
    known = tuple(item for item in selection.items if counts(names[item.path], matching))
    unknown = Counter(name for found in names.values() for name in found if name not in matching.indices)
    return Labeled(data, selection, matching, known, dict(sorted(unknown.items())), len(classifier.labels))


def _places(images: Labeled, items: Sequence[Item]) -> np.ndarray:
    return np.array([images.matching.indices[item.label] for item in items], np.int64)


def _indicators(images: Labeled, items: Sequence[Item]) -> np.ndarray:
    found = np.zeros((len(items), images.outputs), np.bool_)
    for row, item in enumerate(items):
        places = (images.matching.indices.get(name) for name in images.dataset.class_names(item))
        found[row, [place for place in places if place is not None]] = True
    return found


def _numbers(images: Labeled, items: Sequence[Item]) -> np.ndarray:
    return images.dataset.labels(items)


_TRUTH: dict[TargetKind, Callable[[Labeled, Sequence[Item]], np.ndarray]] = {
    "index": _places,
    "indicators": _indicators,
    "number": _numbers,
}
_COUNTS: dict[TargetKind, Callable[[tuple[str, ...], Matching], bool]] = {
    "index": lambda names, matching: names[0] in matching.indices,
    "indicators": lambda names, matching: True,
    "number": lambda names, matching: True,
}


def compute(
    images: Labeled,
    classifier: Classifier,
    function: Callable[[np.ndarray, Sequence[Item]], Sequence[Any]],
    progress: ProgressCallback | None = None,
    what: str = "scoring images",
    tta: TTAName | None = None,
) -> tuple[tuple[Item, ...], list[Any], dict[str, str]]:
    """Apply a function to the pixels of each image, in several threads.

    Args:
        images: The images.
        classifier: Reads them.
        function: From uint8 pixels of shape (n, height, width, 3) and their items to n results.
        progress: Told of it, see `ProgressCallback`.
        what: What people are told is done.
        tta: As for `Classifier.classify`: then pixels have the shape (n, views, height, width, 3).

    Returns:
        The images that could be read, a result for each, and why the others could not be read.

    Raises:
        DataError: Not one can be read.
    """

    def work(group: list[Item]) -> list[Any]:
        read: list[Any] = [_pixels(classifier, images.dataset.file(item), tta) for item in group]
        good = [index for index, pixels in enumerate(read) if not isinstance(pixels, ImageError)]
        if good:
            results = function(np.stack([read[index] for index in good]), [group[index] for index in good])
            for index, result in zip(good, results, strict=True):
                read[index] = result
        return read

    kept, results, failed = [], [], {}
    with stage(what, len(images.items)) as told:
        for item, result in zip(images.items, classifier.stream(images.items, work), strict=True):
            if isinstance(result, ImageError):
                failed[item.path] = result.reason
            else:
                kept.append(item)
                results.append(result)
            told.advance()
            if progress is not None:
                progress(what, len(kept) + len(failed), len(images.items))
    if not kept:
        path, reason = next(iter(failed.items()))
        raise DataError(f"{images.dataset.called}: not one image can be read (the first: {path}: {reason})")
    return tuple(kept), results, failed


def _pixels(classifier: Classifier, file: Path, tta: TTAName | None) -> np.ndarray | ImageError:
    try:
        return classifier.pixels(file, tta)
    except ImageError as error:
        return error
