"""What became of a model whose head has changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kerastl._base.text import listed, printable
from kerastl.finetuning._living.head import SolvedHead
from kerastl.finetuning._living.journal import Change
from kerastl.finetuning._living.run import LivingRun
from kerastl.finetuning._outcome import reached


@dataclass(frozen=True)
class HeadChange:
    """What became of a model.

    Args:
        folder: The run folder.
        changes: What happened to images, one entry each: `change`, `label`, `before`, `image`, as the journal has it.
        classes: Names of the classes now, in the order of the outputs.
        new_classes: Those that were not there before.
        dropped_classes: Those that have gone with their last image.
        images: How many images the head was solved on.
        chosen: Whether the penalty, mirrored images and what the last layer counts were chosen again.
        metrics: What `metrics.json` holds now.
        notes: What else to know, one line each.

    Example:
        >>> from pathlib import Path
        >>> from kerastl.finetuning import HeadChange
        >>> change = HeadChange(Path("runs/shapes"), (), ("circle", "star"), (), (), 80, True, {"loo_accuracy": 0.9})
        >>> change.as_dict()["loo_accuracy"]
        0.9
    """

    folder: Path
    changes: Sequence[Mapping[str, str]]
    classes: tuple[str, ...]
    new_classes: tuple[str, ...]
    dropped_classes: tuple[str, ...]
    images: int
    chosen: bool
    metrics: Mapping[str, Any] = field(repr=False)
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "folder": str(self.folder),
            "changes": [dict(one) for one in self.changes],
            "classes": list(self.classes),
            "new_classes": list(self.new_classes),
            "dropped_classes": list(self.dropped_classes),
            "images": self.images,
            "chosen": self.chosen,
            "loo_accuracy": self.metrics["loo_accuracy"],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        counts: dict[str, int] = {}
        for one in self.changes:
            counts[one["change"]] = counts.get(one["change"], 0) + 1
        done = ", ".join(f"{count:,} image{'s'[: count != 1]} {what}" for what, count in counts.items())
        how = "chosen anew" if self.chosen else "kept"
        lines = [
            f"{printable(str(self.folder))}: {done}",
            f"  {reached(self.metrics, 'loo')}",
            f"  solved on {self.images:,} images, {len(self.classes):,} classes; penalty {how}",
        ]
        lines += [f"  new: {listed(self.new_classes)}"] if self.new_classes else []
        lines += [f"  dropped with their last images: {listed(self.dropped_classes)}"] if self.dropped_classes else []
        return "\n".join([*lines, *(f"  {note}" for note in self.notes)])


def head_change(
    run: LivingRun,
    changes: Sequence[Change],
    solved: SolvedHead,
    metrics: Mapping[str, Any],
    *,
    dropped: Iterable[str] = (),
    notes: Iterable[str] = (),
) -> HeadChange:
    """Gather it; `run` is as it was before."""
    classes = solved.kept.classes
    told = tuple(
        {"change": one.change, "label": one.label, "before": one.before, "image": one.image} for one in changes
    )
    new = tuple(name for name in classes if name not in run.kept.classes)
    if solved.anew:
        notes = (
            *notes,
            "the sums of the head were computed from scratch and are kept: further changes are quick",
        )
    return HeadChange(
        run.folder, told, classes, new, tuple(dropped), len(solved.kept), solved.chosen, metrics, tuple(notes)
    )
