"""Kept features with other images or labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kerastl.errors import DataError
from kerastl.finetuning._kept_features import KeptFeatures

_OF_IMAGES = ("rows", "labels", "groups", "hashes", "answers")


def changed(kept: KeptFeatures, images: int, before: int) -> KeptFeatures:
    """The same, with so many more images that have changed since the head was chosen, of which there were `before`.

    The penalty, which is for the averaged squared error, stays what it is for the sum, so that what is solved changes
    by the images that have changed and nothing else.
    """
    choices = kept.choices
    if choices is None:
        return kept
    penalty = choices.penalty * before / len(kept)
    return replace(kept, choices=choices._replace(penalty=penalty, changed=choices.changed + images))


def without_empty_classes(kept: KeptFeatures) -> tuple[KeptFeatures, tuple[str, ...]]:
    """The same without classes that have no image any more, and their names.

    Raises:
        DataError: Fewer than two classes would be left.
    """
    counts = np.bincount(kept.labels, minlength=len(kept.classes))
    gone = tuple(name for name, count in zip(kept.classes, counts, strict=True) if not count)
    if not gone:
        return kept, ()
    if len(kept.classes) - len(gone) < 2:
        raise DataError("a classifier needs two classes, and fewer would have images left: nothing was changed")
    places = np.cumsum(counts > 0) - 1
    places[counts == 0] = -1
    names = tuple(name for name in kept.classes if name not in gone)
    answers = np.where(kept.answers >= 0, places[kept.answers], -1)
    return replace(kept, labels=places[kept.labels], answers=answers, classes=names), gone


def relabeled(kept: KeptFeatures, rows: np.ndarray, labels: Sequence[str]) -> KeptFeatures:
    """The same, with other labels for some rows; new names become classes, behind those that there are."""
    classes = [*kept.classes, *dict.fromkeys(name for name in labels if name not in kept.classes)]
    place = {name: number for number, name in enumerate(classes)}
    values = kept.labels.copy()
    values[rows] = [place[name] for name in labels]
    return by_class(replace(kept, labels=values, classes=tuple(classes)))


def joined(kept: KeptFeatures, new: KeptFeatures) -> KeptFeatures:
    """The images of both, of which the second have their own numbers of groups and may have further classes."""
    arrays: dict[str, Any] = {name: np.concatenate([getattr(kept, name), getattr(new, name)]) for name in _OF_IMAGES}
    arrays["groups"] = np.concatenate([kept.groups, new.groups + int(kept.groups.max(initial=-1)) + 1])
    mirrored = None
    if kept.mirrored is not None and new.mirrored is not None:
        mirrored = np.concatenate([kept.mirrored, new.mirrored])
    return by_class(replace(kept, **arrays, mirrored=mirrored, classes=new.classes))


def by_class(kept: KeptFeatures) -> KeptFeatures:
    """The same images, class by class, as a run has them."""
    order = np.argsort(kept.labels, kind="stable")
    mirrored = None if kept.mirrored is None else kept.mirrored[order]
    return replace(kept, **{name: getattr(kept, name)[order] for name in _OF_IMAGES}, mirrored=mirrored)
