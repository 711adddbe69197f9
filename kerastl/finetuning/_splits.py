"""From a folder to the images of a run, and back to the same ones when it goes on."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kerastl._base.text import listed, printable
from kerastl._progress import stage
from kerastl.data import Dataset, Item, scan
from kerastl.data._dataset import SPLITS
from kerastl.data._inspection import Inspection, fingerprint, inspect
from kerastl.data._layouts.columns import TableColumns
from kerastl.data._layouts.label_format import format_of
from kerastl.data._scan import scan_as
from kerastl.data._split import divide, group_numbers, refuse
from kerastl.data._tree import left_out_summary
from kerastl.errors import DataError
from kerastl.finetuning._settings import Settings
from kerastl.images import _depth as depth
from kerastl.inference._seal import sha256
from kerastl.tasks._task import CLASSIFICATION, TASKS
from kerastl.training._callback import RunCallback
from kerastl.training._interrupt import Stop
from kerastl.training._manifest import Entry, Manifest, hashed
from kerastl.training._outputs import skipped_in_short

# So many images are worth a process of their own, which takes 0.2 s to start.
_MANY = 500


@dataclass(frozen=True)
class SplitData:
    """Images with their parts.

    Args:
        dataset: Each item has its part.
        skipped: Unreadable images: path to reason.
        fingerprint: Hash of paths, labels, parts and contents.
        contents: Content hash of each image that was there at the beginning, by path.
        white_level: Of the training images, for `Resize`.
        groups: Path to the number of a group, for images that are not independent of each other.
    """

    dataset: Dataset
    skipped: dict[str, str]
    fingerprint: str
    contents: Mapping[str, str]
    white_level: int | None = None
    groups: Mapping[str, int] = field(default_factory=dict)

    @property
    def all_train(self) -> bool:
        """Whether none is held back to validate on."""
        return not self.dataset.subset("val")

    def with_classes(self, earlier: Sequence[str]) -> SplitData:
        """The same images, with classes that others are of before those that are new."""
        new = (name for name in self.dataset.classes if name not in earlier)
        return replace(self, dataset=replace(self.dataset, classes=(*earlier, *new)))

    def all_training(self) -> SplitData:
        """The same images, none of them held back."""
        items = tuple(replace(item, split="train") if item.split == "val" else item for item in self.dataset.items)
        dataset = replace(self.dataset, items=items)
        return replace(self, dataset=dataset, fingerprint=fingerprint(dataset, self.contents))


def open_dataset(data: str | os.PathLike[str] | Dataset, callback: RunCallback, earlier: Sequence[str] = ()) -> Dataset:
    """Scan a folder, unless that was done.

    Args:
        data: The folder, or what `scan` gave.
        callback: Hears what is found.
        earlier: Classes that stay beside those of the data.

    Raises:
        DataError: There is nothing to learn from.
    """
    with stage("looking for images"):
        dataset = data if isinstance(data, Dataset) else scan(data)
    task = TASKS[dataset.task]
    if (
        len({*earlier, *dataset.classes}) < task.fewest_classes
    ):  # `scan` refuses it; a data set from elsewhere may be anything
        raise DataError(f"{dataset.called}: {len(dataset.classes)} classes; {task.needs}")
    if unknown := sorted({name for item in dataset.items for name in dataset.class_names(item)} - {*dataset.classes}):
        raise DataError(f"{dataset.called}: images of {listed(unknown)}, which is not among the classes")
    callback.say(f"{dataset.called}: {dataset.layout}")
    for warning in (*dataset.warnings, *filter(None, [left_out_summary(dataset)])):
        callback.warn(warning)
    return dataset


def inspect_dataset(dataset: Dataset, settings: Settings, callback: RunCallback, stop: Stop) -> Inspection:
    """Read every image once.

    Raises:
        DataError: `strict` is set, and some cannot be read or are of kinds that are left out.
        Stopped: A stop was asked for.
    """
    with stage("reading images", len(dataset.items)) as told:

        def read(_what: str, done: int, _total: int | None) -> None:
            stop.check()
            told.update(done)

        inspection = inspect(dataset, progress=read, elsewhere=len(dataset.items) >= _MANY)
    lost = skipped_in_short(inspection.unreadable)
    if settings.strict and (lost or dataset.left_out):
        text = "; ".join(filter(None, [lost, left_out_summary(dataset)]))
        raise DataError(f"{dataset.called}: {text}; remove them, or leave --strict out to skip them")
    if lost:
        callback.warn(f"{lost}; skipped")
    return inspection


def split_dataset(
    dataset: Dataset,
    inspection: Inspection,
    settings: Settings,
    callback: RunCallback,
    *,
    needed: bool = True,
    earlier: Sequence[str] = (),
) -> SplitData:
    """Split images that were read.

    Args:
        dataset: The images.
        inspection: What `inspect_dataset` found.
        settings: How to split.
        callback: Hears what is found.
        needed: Whether images to validate on are needed; else every image trains, unless others are asked for.
        earlier: Classes that have images elsewhere.

    Raises:
        DataError: The images cannot be split.
    """
    with stage("splitting the images"):
        parts, refused = divide(
            dataset,
            validation_split=settings.held_back(needed),
            seed=settings.seed,
            group_by=settings.group_by,
            split_strategy=settings.split_strategy,
            inspection=inspection,
            elsewhere=earlier,
        )
        refuse(dataset, refused)
    for warning in parts.warnings[len(dataset.warnings) :]:
        callback.warn(warning)
    white = inspection.white_level(parts.subset("train"))
    if white is not None and white < depth.FULL and settings.resize != "keras":
        callback.say(f"16-bit images with {white.bit_length()} significant bits: white is taken as {white}")
    if settings.resize != "keras" and (dark := inspection.too_dark(white)):
        callback.warn(
            f"{len(dark):,} of the 16-bit images, such as {printable(dark[0])}, are nearly black where {white:,} is "
            "white, as for the others; save all at one bit depth"
        )
    groups = group_numbers(parts, inspection, None if dataset.is_split else settings.group_by)
    skipped, contents = dict(inspection.unreadable), inspection.content_hashes
    return SplitData(parts, skipped, inspection.fingerprint(parts), contents, white, groups)


def manifest_entries(dataset: Dataset, contents: Mapping[str, str]) -> dict[str, Entry]:
    """What a run remembers of the images it began with.

    Args:
        dataset: As it was found, before it is split.
        contents: Content hash of each that can be read, by path.
    """
    return {item.path: Entry(item.label, item.split or "", contents.get(item.path, "")) for item in dataset.items}


def found_again(
    data: str | os.PathLike[str] | Dataset,
    manifest: Manifest,
    state: Mapping[str, Any],
    callback: RunCallback,
    stop: Stop,
) -> tuple[Path, dict[str, str]]:
    """Make sure that the data is what a run began with, as `state` knows it.

    Returns:
        The root of the data set, and the content hash of each image by path.

    Raises:
        DataError: It is not; the message says what changed.
        Stopped: A stop was asked for.
    """
    try:
        labels = format_of(state.get("task", CLASSIFICATION), state["classes"])
        one_is_enough = state["settings"].get("keep_classes", False)
        dataset = scan_as(data, TableColumns(labels=labels), for_training=not one_is_enough)
    except DataError as error:
        raise DataError(f"{error}. The run began with the classes {listed(state['classes'])}") from None
    hashes = hashed([dataset.file(item) for item in dataset.items], callback, stop)
    contents = {item.path: content for item, content in zip(dataset.items, hashes, strict=True)}
    manifest.check(manifest_entries(dataset, contents), dataset.root, state["images"])
    return dataset.root, contents


def reopen_dataset(
    table: Path, root: Path, classes: Sequence[str], written: str | None, task: str
) -> tuple[Dataset, dict[str, int]]:
    """Read back the split of a run.

    Args:
        table: Where it is.
        root: The folder that its paths start at.
        classes: Of the run.
        written: The hash of the file as the run wrote it; None where that is not known.
        task: Of the run.

    Returns:
        The images with their parts, and the groups as in `SplitData`.

    Raises:
        DataError: The table is gone or another.
    """
    try:
        if written not in (None, sha256(table)):
            raise ValueError("its content is not what was written")
        with table.open(encoding="utf-8", errors="surrogateescape", newline="") as stream:
            rows = [(row["path"], row["label"], row["split"], row.get("group")) for row in csv.DictReader(stream)]
        groups = {path: int(group) for path, _, _, group in rows if group}
    except (OSError, KeyError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DataError(f"{table}: the split of the run cannot be read ({reason}); --overwrite starts anew") from None
    items = tuple(Item(path, label, part) for path, label, name, _ in rows for part in SPLITS if part == name)
    return Dataset(root, tuple(classes), items, layout=f"as split before, in {table.name}", task=task), groups
