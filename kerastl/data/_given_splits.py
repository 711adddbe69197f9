"""Make sense of the parts that a folder or a table already names: train, val, test."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from kerastl._base.text import listed, printable
from kerastl.data._dataset import Dataset, Item
from kerastl.errors import DataError


def settle(dataset: Dataset, for_training: bool = True) -> Dataset:
    """Check the given parts against each other, and say how they are used.

    A `test` without a `val` is what one validates on. A `train` alone is split later: its images lose their
    part. A `test` that shares no class with `train` is left out: it usually is one folder without labels.

    Args:
        dataset: With a part in each item, and the classes of `train` as classes.
        for_training: Whether the images are to be learnt from; else each keeps its part, and every class counts.

    Returns:
        The data set to use; its layout and its warnings say what was done.

    Raises:
        DataError: If `train` is missing, or a class is in another part only.
    """
    if not for_training and {item.split for item in dataset.items} != {"train"}:
        return replace(dataset, classes=labels_of(dataset, dataset.items))
    if not dataset.subset("train"):
        raise DataError(f"{dataset.called}: nothing to train on; there is no image in train")
    dataset = _without_foreign_test(dataset)
    parts = {item.split for item in dataset.items}
    if parts == {"train"}:
        items = tuple(replace(item, split=None) for item in dataset.items)
        return replace(dataset, items=items, layout=f"{dataset.layout}; val is to be split off")
    if "val" not in parts:
        items = tuple(replace(item, split="val") if item.split == "test" else item for item in dataset.items)
        layout = f"{dataset.layout}; test is used to validate, there is no val"
        dataset = replace(dataset, items=items, layout=layout)
    _refuse_unknown_classes(dataset)
    return replace(dataset, warnings=(*dataset.warnings, *_unvalidated(dataset)))


def _without_foreign_test(dataset: Dataset) -> Dataset:
    test = dataset.subset("test")
    labels = sorted(labels_of(dataset, test))
    if not test or {label.casefold() for label in labels} & {name.casefold() for name in dataset.classes}:
        return dataset
    warning = f"test is left out: {listed(labels)} {'is no class' if len(labels) == 1 else 'are no classes'} of train"
    return replace(
        dataset,
        items=tuple(item for item in dataset.items if item.split != "test"),
        warnings=(*dataset.warnings, warning),
        ignored=tuple(sorted((*dataset.ignored, *(item.path for item in test)))),
    )


def _refuse_unknown_classes(dataset: Dataset) -> None:
    """Raise a `DataError` that names all classes that train lacks."""
    known = set(dataset.classes)
    unknown: dict[str, Item] = {}
    for item in dataset.items:
        for name in dataset.class_names(item):
            if name not in known:
                unknown.setdefault(name, item)
    if not unknown:
        return
    hint = f"train has {listed(dataset.classes)}"
    if len(unknown) > 1:
        first = printable(next(iter(unknown.values())).path)
        raise DataError(
            f"{dataset.called}: {len(unknown):,} classes are in val or test but not in train: "
            f"{listed(sorted(unknown))} (the first: {first}); {hint}"
        )
    ((label, item),) = unknown.items()
    close = difflib.get_close_matches(label.lower(), [name.lower() for name in dataset.classes], n=1)
    meant = [name for name in dataset.classes if close and name.lower() == close[0]]
    if meant:
        hint = f"did you mean '{printable(meant[0])}'?"
    where = f"{item.split} ({printable(item.path)})"
    raise DataError(f"{dataset.called}: class '{printable(label)}' is in {where} but not in train; {hint}")


def _unvalidated(dataset: Dataset) -> Sequence[str]:
    missing = [name for name, count in dataset.counts("val").items() if count == 0]
    if not missing:
        return []
    it = "it" if len(missing) == 1 else "them"
    return [f"no images in val for {listed(missing)}: accuracy will say nothing about {it}"]


def labels_of(dataset: Dataset, items: Sequence[Item]) -> tuple[str, ...]:
    """The classes of some items of a data set, sorted."""
    return tuple(sorted({name for item in items for name in dataset.class_names(item)}))
