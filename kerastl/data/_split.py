"""Divide a data set into what is trained on and what is validated on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from kerastl._base import csv_files
from kerastl.data import _dividing as dividing
from kerastl.data import _refusals as refusals
from kerastl.data import _tables as tables
from kerastl.data._dataset import SPLITS, Dataset, Item, Split
from kerastl.data._inspection import Inspection, inspect
from kerastl.data._refusals import Refusal
from kerastl.errors import DataError, UsageError


def split(
    dataset: Dataset,
    *,
    val_fraction: float = 0.2,
    seed: int = 0,
    group_by: str | None = None,
    inspection: Inspection | None = None,
) -> Dataset:
    """Give each image its part: `train` or `val`.

    Each class gives `val_fraction` of its images to `val`, and at least one. Images that are the same, to
    the byte or to the eye (`Inspection.similar_groups`), stay on one side, and so do those of one group. The
    same arguments give the same parts, whatever order the files come in.

    A data set that comes with its parts keeps them; only images of `train` that `val` or `test` hold too,
    to the byte, are left out, with a warning. Unreadable images are left out always.

    Args:
        dataset: What `scan` gave.
        val_fraction: The part of the images to validate on, between 0 and 1, both excluded.
        seed: Another seed, another choice.
        group_by: A regular expression, searched in each path. Images for which it finds the same text (that
            of its first group, if it has one) belong together: one patient, one camera.
        inspection: What `inspect` found; made here if None, which reads every file.

    Returns:
        The data set with a part in each item, its unreadable images gone.

    Raises:
        UsageError: If an argument is out of range, or `group_by` does not match a path.
        DataError: If classes have too few images, or too few groups, to stand on both sides; all of them are named.
    """
    result, refused = divide(
        dataset, val_fraction=val_fraction, seed=seed, group_by=group_by, inspection=inspection or inspect(dataset)
    )
    if refused:
        raise DataError(f"{dataset.root}: {'; '.join(refusal.message for refusal in refused)}")
    return result


def divide(
    dataset: Dataset, *, val_fraction: float, seed: int, group_by: str | None, inspection: Inspection
) -> tuple[Dataset, list[Refusal]]:
    """Do what `split` does, and give what speaks against the result instead of raising it.

    Raises:
        UsageError: As `split`.
    """
    if not 0 < val_fraction < 1:
        raise UsageError(f"val_fraction must be above 0 and below 1. Received: val_fraction={val_fraction}")
    readable = dataset.without(inspection.unreadable)
    if dataset.is_split:
        if group_by is not None:
            raise UsageError(f"group_by has no use here: {dataset.root} comes with its own train and val")
        result = _without_leaks(readable, inspection)
        return result, refusals.of_given_parts(dataset, readable, result)
    groups = dividing.groups_of(readable, inspection, group_by)
    val = dividing.choose(readable, groups, val_fraction, seed)
    items = tuple(replace(item, split="val" if item.path in val else "train") for item in readable.items)
    result = replace(readable, items=items)
    return result, refusals.of_parts(result, groups, by_name=group_by is not None)


def write_split(dataset: Dataset, path: str | os.PathLike[str]) -> None:
    """Write the parts as CSV, a row an image: `path` (relative to the root), `label`, `split`."""
    rows = ((item.path, item.label, item.split or "") for item in dataset.items)
    csv_files.write(path, ("path", "label", "split"), rows)


def read_split(path: str | os.PathLike[str], root: str | os.PathLike[str]) -> Dataset:
    """Read what `write_split` wrote.

    Args:
        path: The CSV file.
        root: The folder that the paths in it are relative to.

    Returns:
        The data set as it was written.

    Raises:
        DataError: If the file is no such table, or names an image that is no longer there.
    """
    path, root = Path(path), Path(root)
    rows = list(tables.rows(path))
    items = tuple(sorted(Item(file, label, _part(part, path, number)) for number, file, label, part in rows))
    missing = [item.path for item in items if not os.path.exists(root / item.path)]  # noqa: PTH110 - pathlib raises for a name that is too long
    if missing:
        what = "1 image is" if len(missing) == 1 else f"{len(missing)} images are"
        raise DataError(f"{path}: {what} no longer in {root} ({missing[0]})")
    classes = tuple(sorted({item.label for item in items if item.split == "train"}))
    return Dataset(root, classes, items, layout=f"as split before, in {path.name}")


def _part(text: str, path: Path, number: int) -> Split:
    for part in SPLITS:
        if text == part:
            return part
    raise DataError(f"{path}: row {number} has the split '{text}', which is not one of {', '.join(SPLITS)}")


def _without_leaks(dataset: Dataset, inspection: Inspection) -> Dataset:
    """Leave out of `train` what `val` or `test` hold too, to the byte."""
    parts = {item.path: item.split for item in dataset.items}
    leaks: set[str] = set()
    for group in inspection.exact_groups:
        if any(parts.get(path) in ("val", "test") for path in group):
            leaks.update(path for path in group if parts.get(path) == "train")
    result = dataset.without(leaks)
    if not leaks:
        return result
    what = "1 image of train is" if len(leaks) == 1 else f"{len(leaks)} images of train are"
    warning = f"{what} left out: val or test hold the same ({min(leaks)})"
    return replace(result, warnings=(*dataset.warnings, warning))
