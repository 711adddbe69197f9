"""What the head of a run has learnt and forgotten, as its journal says it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.finetuning._folder import JOURNAL
from kerastl.finetuning._living.journal import read_journal
from kerastl.finetuning._living.run import run_folder
from kerastl.models import _metadata as metadata_file

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z")
_IMAGE = re.compile(r"[0-9a-f]{8}")
# Of each change, whether the class after it and the one before it are named.
_NAMED = {"learnt": (True, False), "relabeled": (True, True), "forgotten": (False, True)}


@dataclass(frozen=True)
class PastChange:
    """What happened to an image since its run.

    Args:
        time: In UTC, such as `2026-11-26T18:00:00Z`.
        change: `learnt`, `relabeled` or `forgotten`.
        label: Its class from then on; empty where it was forgotten.
        before: Its class before; empty where it was learnt.
        image: The first 8 digits of its content hash.

    Example:
        >>> from kerastl.finetuning import PastChange
        >>> PastChange("2026-11-26T18:00:00Z", "relabeled", "square", "circle", "0f3a9b21").label
        'square'
    """

    time: str
    change: str
    label: str
    before: str
    image: str

    def as_dict(self) -> dict[str, str]:
        """As JSON values."""
        return asdict(self)


def past_changes(model: str | os.PathLike[str]) -> tuple[PastChange, ...]:
    """Say what a model has learnt and forgotten since its run, an entry an image, in the order in which it happened.

    Args:
        model: The run folder.

    Returns:
        The changes; none where there were none.

    Raises:
        UsageError: It is no folder.
        ModelError: It holds no model of kerastl's, or its journal is broken.

    Example:
        >>> import kerastl
        >>> from kerastl.finetuning import forget, past_changes
        >>> run = kerastl.finetune("data/shapes", "kerastl_mini", output="runs/shapes", verbose=0)
        >>> _ = forget(run.folder, "data/shapes/star/star_01.jpg")
        >>> [(one.change, one.before) for one in past_changes(run.folder)]
        [('forgotten', 'star')]
    """
    folder = run_folder(model)
    metadata_file.read_metadata(metadata_file.find(folder))
    found = []
    for number, row in enumerate(read_journal(folder), 2):
        one = PastChange(*row)
        if reason := _fault(one):
            name = printable(str(folder / JOURNAL))
            raise ModelError(f"{name}: line {number} {reason}; it is no journal of kerastl's, move it away")
        found.append(one)
    return tuple(found)


def _fault(one: PastChange) -> str:
    if not _TIME.fullmatch(one.time):
        return "has no time"
    if one.change not in _NAMED:
        return f"has an unknown change {printable(one.change)[:40]!r}"
    if (bool(one.label), bool(one.before)) != _NAMED[one.change]:
        return f"names other classes than an image has that was {one.change}"
    return "" if _IMAGE.fullmatch(one.image) else "has no image"


def told(changes: Sequence[PastChange]) -> Iterator[str]:
    """A line for images that went through the same together."""
    for (time, change, label, before), same in groupby(
        changes, lambda one: (one.time, one.change, one.label, one.before)
    ):
        count = len(list(same))
        classes = f"{before} -> {label}" if label and before else label or before
        day, clock = time.rstrip("Z").split("T")
        yield f"{day} {clock}  {change:<9}  {count:>5,} image{'s' if count != 1 else ' '}  {printable(classes)}"


def as_dict(model: str | os.PathLike[str], changes: Sequence[PastChange]) -> dict[str, Any]:
    """As JSON values."""
    return {"folder": str(Path(model)), "changes": [one.as_dict() for one in changes]}
