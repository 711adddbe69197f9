"""What part an image had in a model's training: by what is in it, where the model's file knows its images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from kerastl._progress import CountCallback
from kerastl.data import Dataset, Item
from kerastl.data import _training_record as training_record
from kerastl.data._file_inspection import content_hashes
from kerastl.data._inspection import fingerprint
from kerastl.data._tables import rows
from kerastl.data._training_record import TrainingRecord
from kerastl.finetuning._folder import SPLIT
from kerastl.models._metadata import Metadata


@dataclass(frozen=True)
class Parted:
    """A data set as a model sees it.

    Args:
        dataset: The images; each has the part it had in training, else the one that the data gives it.
        given: The part that the data gives each image, by path, where it gives parts at all.
        trained: Paths of the images that the model was trained on; None where that is not known.
        recognized: Whether this is the data that the model was trained on, or most of it.
        notes: What the user should know, one line each.
        contents: Content hash of each image, by path, where the model's file knows its images by that.
    """

    dataset: Dataset
    given: Mapping[str, str | None]
    trained: frozenset[str] | None = None
    recognized: bool = False
    notes: tuple[str, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)

    def is_trained(self, item: Item) -> bool:
        """Whether the model was trained on an image; where that is not known, the data's own parts say so."""
        return item.split == "train" if self.trained is None else item.path in self.trained


def with_parts(dataset: Dataset, model_file: Path, metadata: Metadata, progress: CountCallback | None = None) -> Parted:
    """Give the images the parts they had in training.

    The list of hashes in the model's file decides, wherever the file and the images lie now and whatever they are
    called. Models of version 0.1 have none: there the `split.csv` of the run folder tells, if the data is the same.

    Args:
        dataset: What there is, as `scan(for_training=False)` gives it.
        model_file: Where the model is from.
        metadata: The model's.
        progress: Called with the files read and their number.

    Raises:
        ModelError: The list in the model's file is broken.
    """
    given = {item.path: item.split for item in dataset.items} if any(item.split for item in dataset.items) else {}
    record = training_record.read(model_file) if model_file.suffix == ".keras" else None
    if record is not None:
        return _by_content(dataset, given, record, progress)
    table = model_file.parent / SPLIT
    found = _by_table(dataset, given, table, metadata) if table.is_file() else Parted(dataset, given)
    if found.recognized or "data_fingerprint" not in metadata.extra:
        return found
    why = "kerastl 0.1 made it" if model_file.suffix == ".keras" else "it was exported"
    unknown = (
        f"the model's file does not hold which images it was trained on ({why}): if some of these are among them, "
        "figures flatter it"
    )
    return replace(found, notes=(*found.notes, unknown))


def _by_content(
    dataset: Dataset, given: Mapping[str, str | None], record: TrainingRecord, progress: CountCallback | None
) -> Parted:
    contents = content_hashes([dataset.file(item) for item in dataset.items], progress)
    parts = record.parts(contents)
    items = tuple(
        replace(item, split=part if part == "train" else item.split or part)
        for item, part in zip(dataset.items, parts, strict=True)
    )
    trained = frozenset(item.path for item, part in zip(items, parts, strict=True) if part == "train")
    met = len({content for content, part in zip(contents, parts, strict=True) if part is not None})
    recognized = 2 * met > len(record)
    notes: tuple[str, ...] = ()
    if recognized and not given:
        new = sum(part is None for part in parts)
        notes = (
            "split as in the training"
            + (f"; {len(record) - met} of its {len(record)} images are not there" if met < len(record) else "")
            + (f"; {_some(new)} no part in it (new, or unreadable)" if new else ""),
        )
    by_path = {item.path: content for item, content in zip(items, contents, strict=True)}
    return Parted(replace(dataset, items=items), given, trained, recognized, notes, by_path)


def _some(count: int) -> str:
    return "1 image had" if count == 1 else f"{count} images had"


def _by_table(dataset: Dataset, given: Mapping[str, str | None], table: Path, metadata: Metadata) -> Parted:
    known = {(path, label): split for _, path, label, split in rows(table)}
    found = [item for item in dataset.items if (item.path, item.label) in known]
    if len(found) * 2 <= len(known):
        return Parted(dataset, given)
    items = tuple(_with_part(item, known) for item in dataset.items)
    parts = replace(dataset, items=items)
    note = f"parts as in {table}"
    if gone := len(known) - len(found):
        note += f"; {gone} of its {len(known)} images are no longer there"
    elif not _same_content(parts, metadata):
        others = f"the images are called like those in {table}, but are others: its parts are not used"
        return Parted(dataset, given, notes=(others,))
    if new := len(dataset.items) - len(found):
        note += f"; {new} images are not in it, since they could not be read, were copies, or are new"
    trained = frozenset(item.path for item in items if item.split == "train")
    return Parted(parts, {}, trained, True, (note,))


def _with_part(item: Item, known: Mapping[tuple[str, str], str]) -> Item:
    return replace(item, split=known.get((item.path, item.label)))  # type: ignore[arg-type]


def _same_content(parts: Dataset, metadata: Metadata) -> bool:
    """Whether the files hold what the model was trained on; taken for granted where the metadata does not say."""
    expected = metadata.extra.get("data_fingerprint")
    if expected is None:
        return True
    items = tuple(item for item in parts.items if item.split)
    hashes = content_hashes([parts.file(item) for item in items])
    if not all(hashes):
        return False
    contents = {item.path: content for item, content in zip(items, hashes, strict=True)}
    return fingerprint(replace(parts, items=items), contents) == expected
