"""Which labels of an answer say where an image goes, by what the model tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kerastl._base.text import printable
from kerastl.errors import UsageError
from kerastl.models._labels import Classification, Prediction
from kerastl.models._metadata import Metadata
from kerastl.sorting._transfer import FileAction
from kerastl.tasks._task import TASKS, TargetKind


@dataclass(frozen=True)
class LabelChoice:
    """How labels are chosen.

    Args:
        labels: From an answer to the predictions that send the image to a folder each.
        may_be_none: Whether that can be none, whatever they score.
    """

    labels: Callable[[Classification], list[Prediction]]
    may_be_none: bool = False


def label_choice(metadata: Metadata, action: FileAction) -> LabelChoice:
    """How labels are chosen of what a model tells.

    Args:
        metadata: The model's.
        action: What is done with the files.

    Raises:
        UsageError: The model tells no labels; or several, and files cannot be moved to several folders.
    """
    return _CHOICES[TASKS[metadata.task].kind](metadata, action)


def _best(metadata: Metadata, action: FileAction) -> LabelChoice:
    return LabelChoice(lambda answer: [answer.best])


def _all_given(metadata: Metadata, action: FileAction) -> LabelChoice:
    """All labels that the image is given."""
    if action.name == "move":
        raise UsageError(
            f"{printable(metadata.name)} gives images several labels, and a file cannot be moved to several folders: "
            "copy or link (--copy, --link)"
        )
    return LabelChoice(lambda answer: list(answer.predictions), may_be_none=True)


def _none(metadata: Metadata, action: FileAction) -> LabelChoice:
    raise UsageError(f"{printable(metadata.name)} tells numbers, and no labels that images could be sorted by")


_CHOICES: Mapping[TargetKind, Callable[[Metadata, FileAction], LabelChoice]] = {
    "index": _best,
    "indicators": _all_given,
    "number": _none,
}
