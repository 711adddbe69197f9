"""Which pictures of a folder a model is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from kerastl.card import Card
from kerastl.data import Dataset, Item
from kerastl.data.inspection import fingerprint
from kerastl.data.looking import digest
from kerastl.data.tables import rows
from kerastl.errors import DataError, UsageError
from kerastl.finetuning.folder import SPLIT

Part = Literal["train", "val", "test", "all"]
PARTS: tuple[str, ...] = get_args(Part)


@dataclass(frozen=True)
class Selection:
    """Some pictures of a data set.

    Args:
        items: Sorted by path.
        part: What was taken: `train`, `val`, `test` or `all`.
        notes: What the user should know, one line each.
    """

    items: tuple[Item, ...]
    part: Part
    notes: tuple[str, ...] = ()


def select(dataset: Dataset, part: Part | None, run: Path | None = None, card: Card | None = None) -> Selection:
    """Choose pictures.

    Args:
        dataset: What there is.
        part: Which part; `None` takes `val` where there is one, else all.
        run: The run folder of the model. Where `dataset` is what the model was trained on, the parts are those of the
            run's `split.csv`.
        card: The model's card, for the fingerprint of its training data.

    Raises:
        UsageError: There is no such part.
        DataError: The part is empty.
    """
    if part is not None and part not in PARTS:
        raise UsageError(f"split must be one of {', '.join(PARTS)}. Received: {part!r}")
    dataset, notes = _with_parts_of_the_run(dataset, run, card)
    if part is None:
        part = "val" if dataset.part("val") else "all"
    items = dataset.items if part == "all" else dataset.part(part)
    if not items:
        there = sorted({item.split for item in dataset.items if item.split})
        hint = f"it has {', '.join(there)}" if there else "it is not split: use --split all"
        raise DataError(f"{dataset.root}: there is no {part} part; {hint}")
    trained = sum(item.split == "train" for item in items)
    if trained and notes:
        notes = (*notes, f"{trained} of the pictures were trained on: figures over them flatter the model")
    return Selection(items, part, notes)


def _with_parts_of_the_run(dataset: Dataset, run: Path | None, card: Card | None) -> tuple[Dataset, tuple[str, ...]]:
    """Give the pictures the parts they had in training, if these are the pictures of the training."""
    table = None if run is None else run / SPLIT
    if table is None or not table.is_file():
        return dataset, ()
    known = {(path, label): split for _, path, label, split in rows(table)}
    found = [item for item in dataset.items if (item.path, item.label) in known]
    if len(found) * 2 <= len(known):
        return dataset, ()
    parts = replace(dataset, items=tuple(_with_part(item, known) for item in dataset.items))
    note = f"parts as in {table}"
    if gone := len(known) - len(found):
        note += f"; {gone} of its {len(known)} pictures are no longer there"
    elif not _same_content(parts, card):
        return dataset, (f"the pictures are called like those in {table}, but are others: its parts are not used",)
    if new := len(dataset.items) - len(found):
        note += f"; {new} pictures are not in it, since they could not be read, were copies, or are new"
    return parts, (note,)


def _with_part(item: Item, known: Mapping[tuple[str, str], str]) -> Item:
    return replace(item, split=known.get((item.path, item.label)))  # type: ignore[arg-type]


def _same_content(parts: Dataset, card: Card | None) -> bool:
    """Whether the files hold what the model was trained on; taken for granted where the card does not say."""
    expected = None if card is None else card.extra.get("data_fingerprint")
    if expected is None:
        return True
    items = tuple(item for item in parts.items if item.split)
    digests = {}
    for item in items:
        try:
            digests[item.path] = digest(parts.file(item).read_bytes())
        except OSError:
            return False
    return fingerprint(replace(parts, items=items), digests) == expected
