"""Divide a data set into what is trained on and what is validated on."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kerastl._base.arguments import keywords
from kerastl._base.serialization import write_csv
from kerastl.data import _refusals as refusals
from kerastl.data import _tables as tables
from kerastl.data._dataset import SPLITS, Dataset, Item, Split
from kerastl.data._duplicates import joined
from kerastl.data._given_splits import labels_of
from kerastl.data._inspection import Inspection, inspect
from kerastl.data._refusals import Refusal
from kerastl.data._split_strategy import SPLIT_STRATEGIES
from kerastl.errors import DataError, UsageError
from kerastl.tasks._task import CLASSIFICATION, TASKS, TargetKind

VALIDATION_SPLIT = 0.2
"""The part of the images that is held back where nothing else is asked for."""


@keywords({"val_fraction": "validation_split"})
def split(
    dataset: Dataset,
    *,
    validation_split: float | None = VALIDATION_SPLIT,
    seed: int = 0,
    group_by: str | None = None,
    split_strategy: str = "stratified",
    inspection: Inspection | None = None,
) -> Dataset:
    """Give each image its part: `train` or `val`.

    Each class gives `validation_split` of its images to `val`, and at least one; another strategy may choose otherwise.
    None gives all of them to `train`.
    Images that are the same, to
    the byte or to the eye (`Inspection.similar_groups`), stay on one side, and so do those of one group. The
    same arguments give the same parts, whatever order the files come in.

    A data set that comes with its parts keeps them; only images of `train` that `val` or `test` hold too,
    to the byte, are left out, with a warning. Unreadable images are left out always.

    Args:
        dataset: What `scan` gave.
        validation_split: The part of the images to validate on, between 0 and 1, both excluded; None holds none back.
        seed: Another seed, another choice.
        group_by: A regular expression, searched in each path. Images for which it finds the same text (that
            of its first group, if it has one) belong together: one patient, one camera.
        split_strategy: A name of `kerastl.data.SPLIT_STRATEGIES`.
        inspection: What `inspect` found; made here if None, which reads every file.

    Returns:
        The data set with a part in each item, its unreadable images gone.

    Raises:
        UsageError: If an argument is out of range, `group_by` does not match a path, or there is no such strategy.
        DataError: If classes have too few images, or too few groups, to stand on both sides; all of them are named.

    Example:
        >>> from kerastl.data import scan, split
        >>> dataset = split(scan("data/shapes"), validation_split=0.25)
        >>> len(dataset.subset("train")), len(dataset.subset("val"))
        (64, 24)
    """
    inspection = inspection or inspect(dataset)
    result, refused = divide(
        dataset,
        validation_split=validation_split,
        seed=seed,
        group_by=group_by,
        split_strategy=split_strategy,
        inspection=inspection,
    )
    refuse(dataset, refused)
    return result


def refuse(dataset: Dataset, refused: Sequence[Refusal]) -> None:
    """Raise a `DataError` where something counts against the parts of a data set."""
    if refused:
        raise DataError(f"{dataset.called}: {'; '.join(refusal.message for refusal in refused)}")


def divide(
    dataset: Dataset,
    *,
    validation_split: float | None,
    seed: int,
    group_by: str | None,
    split_strategy: str,
    inspection: Inspection,
    elsewhere: Collection[str] = (),
) -> tuple[Dataset, list[Refusal]]:
    """Do what `split` does, and give what counts against the result instead of raising it.

    Classes that have images `elsewhere` may have any number of them here.

    Raises:
        UsageError: As `split`.
    """
    if validation_split is not None and not 0 < validation_split < 1:
        raise UsageError(f"validation_split must be above 0 and below 1. Received: validation_split={validation_split}")
    strategy = SPLIT_STRATEGIES[split_strategy]
    readable = dataset.without(inspection.unreadable)
    if dataset.is_split:
        if group_by is not None:
            raise UsageError(f"group_by has no use here: {dataset.root} comes with its own train and val")
        result = _without_leaks(readable, inspection)
        return result, refusals.of_given_parts(dataset, readable, result, elsewhere)
    groups = groups_of(readable, inspection, group_by)
    val = set() if validation_split is None else strategy.choose(readable, groups, validation_split, seed)
    items = tuple(replace(item, split="val" if item.path in val else "train") for item in readable.items)
    result = replace(readable, items=items)
    check = refusals.of_training if validation_split is None else refusals.of_parts
    return result, check(result, groups, by_name=group_by is not None, elsewhere=elsewhere)


def write_split(dataset: Dataset, path: str | os.PathLike[str], *, groups: Mapping[str, int] | None = None) -> None:
    """Write the parts as CSV, a row an image: `path` (relative to the root), `label`, `split`.

    Args:
        dataset: With a part in each item.
        path: The CSV file, replaced whole.
        groups: Path to the number of a group, for images that belong together. Where there are such, a column `group`
            has the numbers, and is empty for the other images.

    Example:
        >>> from kerastl.data import read_split, scan, split, write_split
        >>> dataset = split(scan("data/shapes"))
        >>> write_split(dataset, "split.csv")
        >>> read_split("split.csv", "data/shapes").items == dataset.items
        True
    """
    columns, known = ("path", "label", "split"), groups or {}
    rows = ((item.path, item.label, item.split or "", known.get(item.path, "")) for item in dataset.items)
    write_csv(path, (*columns, "group") if known else columns, rows if known else (row[:3] for row in rows))


def read_split(path: str | os.PathLike[str], root: str | os.PathLike[str], task: str = CLASSIFICATION) -> Dataset:
    """Read what `write_split` wrote.

    Args:
        path: The CSV file.
        root: The folder that the paths in it are relative to.
        task: Of the data set that was written.

    Returns:
        The data set as it was written.

    Raises:
        DataError: If the file is no such table, or names an image that is no longer there.

    Example:
        >>> from kerastl.data import read_split, scan, split, write_split
        >>> write_split(split(scan("data/shapes")), "split.csv")
        >>> len(read_split("split.csv", "data/shapes").subset("val"))
        16
    """
    path, root = Path(path), Path(root)
    rows = list(tables.rows(path))
    items = tuple(sorted(Item(file, label, _part(part, path, number)) for number, file, label, part in rows))
    missing = [item.path for item in items if not os.path.exists(root / item.path)]  # noqa: PTH110 - pathlib raises for a name that is too long
    if missing:
        what = "1 image is" if len(missing) == 1 else f"{len(missing)} images are"
        raise DataError(f"{path}: {what} no longer in {root} ({missing[0]})")
    dataset = Dataset(root, (), items, layout=f"as split before, in {path.name}", task=task)
    return replace(dataset, classes=labels_of(dataset, dataset.subset("train")))


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


def groups_of(dataset: Dataset, inspection: Inspection, group_by: str | None) -> list[list[str]]:
    """The images in groups that stay together, most of one image; sorted."""
    paths = [item.path for item in dataset.items]
    place = {path: number for number, path in enumerate(paths)}
    links: list[Iterable[Sequence[int]]] = [[[number] for number in range(len(paths))]]
    similar = ([place[path] for path in group if path in place] for group in inspection.similar_groups)
    links.append([group for group in similar if group])  # an inspection may know more images than the data set
    if group_by is not None:
        keys: dict[str, list[int]] = {}
        for number, key in enumerate(_keys(paths, group_by)):
            keys.setdefault(key, []).append(number)
        links.append(keys.values())
    return [[paths[number] for number in group] for group in sorted(joined(*links))]


def group_numbers(dataset: Dataset, inspection: Inspection, group_by: str | None) -> dict[str, int]:
    """Number the groups of two and more images that stay together, from 1: path to number."""
    shared = [group for group in groups_of(dataset, inspection, group_by) if len(group) > 1]
    return {path: number for number, group in enumerate(shared, 1) for path in group}


def _keys(paths: Sequence[str], group_by: str) -> list[str]:
    try:
        pattern = re.compile(group_by)
    except re.error as error:
        raise UsageError(f"group_by is no regular expression ({error}). Received: {group_by!r}") from error
    keys = [found and (found[1] if pattern.groups else found[0]) for found in map(pattern.search, paths)]
    missed = [path for path, key in zip(paths, keys, strict=True) if not key]
    if missed:
        more = f" and in {len(missed) - 1:,} more of {len(paths):,} paths" if len(missed) > 1 else ""
        raise UsageError(f"group_by {group_by!r} finds nothing in {missed[0]!r}{more}; it must match each path")
    return [str(key) for key in keys]


def stratified(dataset: Dataset, groups: Sequence[Sequence[str]], fraction: float, seed: int) -> set[str]:
    """Take about the same fraction of each class, or of the images with each label."""
    return _STRATIFIED[TASKS[dataset.task].kind](dataset, groups, fraction, seed)


def _by_labels(dataset: Dataset, groups: Sequence[Sequence[str]], fraction: float, seed: int) -> set[str]:
    """For images with any number of labels."""
    import numpy as np

    from kerastl.data._iterative_stratification import iterative_parts

    labels = dict(zip((item.path for item in dataset.items), dataset.labels(dataset.items), strict=True))
    counts = np.array([np.sum([labels[path] for path in group], axis=0) for group in groups], np.int64)
    sizes = np.array([len(group) for group in groups])
    parts = iterative_parts(counts, sizes, (1 - fraction, fraction), seed)
    return {path for group, part in zip(groups, parts, strict=True) if part == 1 for path in group}


def _by_number(dataset: Dataset, groups: Sequence[Sequence[str]], fraction: float, seed: int) -> set[str]:
    """For numbers, from all over their scale."""
    from kerastl.data._number_bins import with_bins

    return _by_class(with_bins(dataset, fraction), groups, fraction, seed)


def _by_class(dataset: Dataset, groups: Sequence[Sequence[str]], fraction: float, seed: int) -> set[str]:
    """Take groups in random order, each that brings the classes' counts in `val` closer to what is wanted.

    scikit-learn's splitters know groups that keep together or fractions that are met, not both, and may leave
    a small class without any image in `val`.
    """
    import numpy as np

    labels = {item.path: name for item in dataset.items for name in dataset.class_names(item)}
    wanted = {name: min(max(1, round(fraction * count)), max(1, count - 1)) for name, count in dataset.counts().items()}
    order = np.random.default_rng(seed).permutation(len(groups))
    contents = [Counter(labels[path] for path in groups[number]) for number in order]
    taken: set[int] = set()
    have: Counter[str] = Counter()
    left = Counter(label for content in contents for label in content)  # groups in train that show a class
    for number, content in enumerate(contents):
        gain = sum(count * (2 * (wanted[name] - have[name]) - count) for name, count in content.items())
        if gain > 0 and all(left[name] > 1 for name in content):
            _take(number, content, taken, have, left)
    _fill(contents, wanted, taken, have, left)
    return {path for number in taken for path in groups[order[number]]}


def _fill(
    contents: Sequence[Mapping[str, int]],
    wanted: Mapping[str, int],
    taken: set[int],
    have: Counter[str],
    left: Counter[str],
) -> None:
    """Give each class that has none in `val` its smallest group, where another stays in `train`."""
    places: dict[str, list[int]] = {name: [] for name in wanted if not have[name]}
    for number, content in enumerate(contents):
        for name in content:
            if name in places:
                places[name].append(number)
    for name, numbers in places.items():
        if have[name]:  # by now, with another class's group
            continue
        free = [
            (sum(contents[number].values()), number)
            for number in numbers
            if number not in taken and all(left[other] > 1 for other in contents[number])
        ]
        if free:
            number = min(free)[1]
            _take(number, contents[number], taken, have, left)


def _take(number: int, content: Mapping[str, int], taken: set[int], have: Counter[str], left: Counter[str]) -> None:
    taken.add(number)
    have.update(content)
    left.subtract(dict.fromkeys(content, 1))


_STRATIFIED: Mapping[TargetKind, Callable[[Dataset, Sequence[Sequence[str]], float, int], set[str]]] = {
    "index": _by_class,
    "indicators": _by_labels,
    "number": _by_number,
}
