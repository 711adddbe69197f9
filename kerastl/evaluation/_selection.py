"""Which images of a folder a model is compared with, and which of its classes theirs are: by name, never by place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from kerastl._base.text import printable
from kerastl.data import Item
from kerastl.errors import DataError, UsageError
from kerastl.evaluation._training_parts import Parted
from kerastl.models._labels import LabelSet

_TRAINED_TOO = "--split train counts those that it was trained on nevertheless"


@dataclass(frozen=True)
class Matching:
    """Classes of a data set against those of a model.

    Args:
        indices: Class of the data set to place in the model's output.
        unknown: Classes of the data set that the model does not know, and why if there is more to say.
        missing: Classes of the model that the data set has no images of.
    """

    indices: dict[str, int]
    unknown: dict[str, str]
    missing: tuple[str, ...]


def match(classes: Sequence[str], labels: LabelSet, model: str, left_out: int = 0) -> Matching:
    """Find each class of a data set among those of a model.

    A class goes by what `LabelSet.find` takes for it. A name that several classes have is not guessed at.

    Args:
        classes: Names in the data set.
        labels: The model's classes.
        model: Its name, for messages.
        left_out: Images of the data set that do not count, since the model was trained on them; for messages, too.

    Raises:
        DataError: There are classes, and not one of them is known.
    """
    indices, unknown = {}, {}
    for name in classes:
        found = labels.places(name)
        if len(found) == 1:
            indices[name] = found[0]
        else:
            unknown[name] = _several(found, labels)
    if classes and not indices:
        of, hint = "", ""
        if left_out:
            of, hint = " of images that it was not trained on", f"; {_TRAINED_TOO} ({left_out:,})"
        known = f"it knows {_some(labels.names)}"
        raise DataError(f"{model} knows none of the classes ({_some(classes)}){of}; {known}{hint}")
    met = set(indices.values())
    missing = tuple(name for index, name in enumerate(labels.names) if index not in met)
    return Matching(indices, unknown, missing)


def _several(found: Sequence[int], labels: LabelSet) -> str:
    if not found:
        return ""
    if labels.wnids is None:
        return f"{len(found)} classes of the model are called so"
    return f"{len(found)} classes are called so: name the folder {' or '.join(labels.wnids[i] for i in found)}"


def _some(names: Sequence[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


EvaluationSplit = Literal["train", "val", "test", "all"]
EVALUATION_SPLITS: tuple[str, ...] = get_args(EvaluationSplit)


@dataclass(frozen=True)
class Selection:
    """Some images of a data set.

    Args:
        items: Sorted by path.
        split: What was taken: `train`, `val`, `test` or `all`.
        notes: What the user should know, one line each.
    """

    items: tuple[Item, ...]
    split: EvaluationSplit
    notes: tuple[str, ...] = ()


def select(parted: Parted, split: EvaluationSplit | None, *, fresh: bool = False) -> Selection:
    """Choose images.

    Images that the model was trained on are taken only when `train` or `all` is asked for by name; they are counted
    in a note either way.

    Args:
        parted: What there is.
        split: Which part. `None` takes `val`, or else `test`, where the data comes with parts or is what the model was
            trained on; of other data all images that the model was not trained on.
        fresh: Whether images that the model was trained on are left out whatever is asked for.

    Raises:
        UsageError: There is no such part.
        DataError: The part is empty, or the model was trained on all of it.
    """
    if split is not None and split not in EVALUATION_SPLITS:
        raise UsageError(f"split must be one of {', '.join(EVALUATION_SPLITS)}. Received: {split!r}")
    taken, notes = _taken(parted, split)
    wanted = [item for item in parted.dataset.items if _belongs(parted, item, taken)]
    flattering = not fresh and split in ("train", "all")
    whole = split is None and not parted.given  # what would be taken if nothing were known
    trained = sum(parted.is_trained(item) for item in (parted.dataset.items if whole else wanted))
    items = tuple(item for item in wanted if flattering or not parted.is_trained(item))
    if not items:
        raise DataError(_nothing(parted, taken, trained, fresh))
    if trained and not (flattering and parted.trained is None):
        notes = (*notes, _note(parted, trained, flattering))
    return Selection(items, taken, (*parted.notes, *notes))


def _taken(parted: Parted, split: EvaluationSplit | None) -> tuple[EvaluationSplit, tuple[str, ...]]:
    """The part to take for the one that was asked for, and what to say of it."""
    there = {item.split for item in parted.dataset.items}
    if split == "val" and "val" not in there and "test" in there:
        return "test", ("there is no val part: test is taken",)
    if split is not None:
        return split, ()
    if parted.given or parted.recognized:
        choices: tuple[EvaluationSplit, ...] = ("val", "test")
        return next((name for name in choices if name in there), "all"), ()
    return "all", ()


def _belongs(parted: Parted, item: Item, split: EvaluationSplit) -> bool:
    """Whether an image is of a part, be it by what the data says or by the training."""
    return split == "all" or split in (item.split, parted.given.get(item.path))


def _note(parted: Parted, trained: int, counted: bool) -> str:
    if counted:
        return f"{trained} of the images were trained on: figures over them flatter the model"
    what = "1 image" if trained == 1 else f"{trained} images"
    whose = "of the train part" if parted.trained is None else "that the model was trained on"
    return f"{what} {whose} {'is' if trained == 1 else 'are'} left out"


def _nothing(parted: Parted, split: EvaluationSplit, trained: int, fresh: bool) -> str:
    root = printable(str(parted.dataset.root))
    if trained:
        hint = "take others" if fresh else "--split train counts them nevertheless"
        return f"{root}: the model was trained on each of these images ({trained}): {hint}"
    there = sorted({item.split for item in parted.dataset.items if item.split})
    hint = f"it has {', '.join(there)}" if there else "it is not split: use --split all"
    return f"{root}: there is no {split} part; {hint}"
