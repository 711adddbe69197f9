"""How the classes of an earlier run fared when images were added to it, in figures and in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerastl._base.text import percent, printable

if TYPE_CHECKING:
    from kerastl.finetuning._joined_images import JoinedImages
    from kerastl.finetuning._leave_one_out import LeftOutAnswers

# Classes that are told one by one, those that lost most first.
_TOLD = 20


def kept_classes(name: str, joined: JoinedImages, left_out: LeftOutAnswers | None) -> dict[str, Any]:
    """The part of `metrics.json` that says how they fared.

    Args:
        name: What people call the earlier run.
        joined: Its images, and the new ones.
        left_out: What the new head says of images that are left out; None where there is nothing.

    Returns:
        `model`; `earlier_images` and `new_images` that were solved on, and `relabeled_images`, which are in both with
        another class; and `classes`, one entry for each of the earlier run, as `JoinedImages.class_changes` gives them.
    """
    earlier = int((joined.places >= 0).sum())
    return {
        "model": name,
        "earlier_images": earlier,
        "new_images": len(joined.places) - earlier,
        "relabeled_images": joined.relabeled,
        "classes": [] if left_out is None else joined.class_changes(left_out),
    }


def fared(kept: Mapping[str, Any]) -> str:
    """How all classes of the earlier run fared, in a line; empty where nothing is known."""
    rows = _known(kept)
    if not rows:
        return ""
    images = [row["images"] for row in rows]
    before, after = (np.average([row[when] for row in rows], weights=images) for when in ("before", "after"))
    more = [name for name, row in ((row["class"], row) for row in rows) if row["after"] < row["before"]]
    worse = f", {len(more):,} of {len(rows):,} classes lower" if more else ""
    return (
        f"the classes of {printable(kept['model'])}: {percent(after)} of their {sum(images):,} images right by "
        f"leave-one-out, {percent(before)} before{worse}"
    )


def fared_each(kept: Mapping[str, Any]) -> list[str]:
    """How each class of the earlier run fared, a line each, those that lost most first."""
    rows = class_rows(kept)
    width = max((len(row[0]) for row in rows), default=0)
    lines = [f"{name:{width}}  {after:>7}, {before:>7} before ({images})" for name, images, before, after in rows]
    more = [f"and {len(lines) - _TOLD:,} more in metrics.json"] if len(lines) > _TOLD else []
    return [*lines[:_TOLD], *more]


def class_rows(kept: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    """Name, images and what was right before and is after, of each class as texts, those that lost most first."""
    rows = sorted(_known(kept), key=lambda row: row["after"] - row["before"])
    return [
        (
            printable(row["class"]),
            "1 image" if row["images"] == 1 else f"{row['images']:,} images",
            percent(row["before"]),
            percent(row["after"]),
        )
        for row in rows
    ]


def _known(kept: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return [row for row in kept["classes"] if row["images"]]
