"""The features that a head was solved on, kept beside the model: a later run adds images to them, or classes.

The rows of ridge regression are all that its solution knows of the images. With them and those of new images the head
is solved as if all images were there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from kerastl._base.text import printable
from kerastl.errors import ModelError
from kerastl.finetuning._array_files import read_arrays, write_arrays
from kerastl.finetuning._leave_one_out import LeftOutAnswers
from kerastl.finetuning._row_groups import RowGroups, sample_groups
from kerastl.finetuning._training_data import TrainingData
from kerastl.tasks._task import CLASSIFICATION

if TYPE_CHECKING:
    from kerastl.finetuning._features import UsableFeatures

WITHOUT_THEM = "give all images, old and new, and leave keep_classes (--keep-classes) out"
"""What to do where there are none."""
TASKS_KEPT = (CLASSIFICATION,)
"""The tasks whose runs keep features."""
MOST = 256 * 2**20
"""Bytes of features that are kept, mirrored ones among them: above it those of some images of each class."""
# Rows that are converted at a time.
_ROWS = 512
_KINDS = dict.fromkeys(("rows", "mirrored"), ("f", 2)) | dict.fromkeys(("labels", "groups", "answers"), ("i", 1))
_KINDS |= {"hashes": ("u", 1), "classes": ("U", 1), "network": ("U", 0)}
_KINDS |= {"penalty": ("f", 0), "emphasis": ("f", 0), "last": ("i", 0), "changed": ("i", 0)}
_KINDS |= {"mirrors": ("b", 0)}
_STORED = {"penalty": "penalty", "emphasis": "emphasis", "last": "last", "mirrored": "mirrors", "changed": "changed"}
_OPTIONAL = ("mirrored", *_STORED.values())
_OF_IMAGES = ("rows", "labels", "groups", "hashes", "answers")


class HeadChoices(NamedTuple):
    """What leave-one-out chose when the head was solved.

    Args:
        penalty: Of ridge regression, for the averaged squared error.
        emphasis: What the features of the last layer are multiplied by.
        last: How many of the features, at the end, are of the last layer; 0 where all are.
        mirrored: Whether mirrored images train, where their features are kept.
        changed: Images that were added, relabeled or forgotten since.
    """

    penalty: float
    emphasis: float
    last: int
    mirrored: bool = True
    changed: int = 0


@dataclass(frozen=True)
class KeptFeatures:
    """Features of images that a head was solved on, and what is known of these images.

    Args:
        rows: float16 `(n, d)`; float32 where a number is too large for that.
        mirrored: Of the mirrored images likewise; None where these did not train.
        labels: int64 `(n,)`, places in `classes`.
        groups: int64 `(n,)`; images of a group are left out together.
        hashes: uint64 `(n,)`, the beginning of each image's content hash, 0 where it has none.
        answers: int64 `(n,)`, the class that an image was taken for when it was left out; -1 where it was not.
        classes: Names of the classes, in the order of the model's outputs.
        network: The digest of the frozen network that made the features, from `weights_digest`.
        choices: How the head was solved; None where an earlier kerastl did not write it down.
    """

    rows: np.ndarray
    mirrored: np.ndarray | None
    labels: np.ndarray
    groups: np.ndarray
    hashes: np.ndarray
    answers: np.ndarray
    classes: tuple[str, ...]
    network: str
    choices: HeadChoices | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @classmethod
    def of(
        cls,
        data: TrainingData,
        rows: UsableFeatures,
        mirrored: UsableFeatures | None,
        left_out: LeftOutAnswers,
        network: str,
        seed: int = 0,
    ) -> KeptFeatures:
        """Gather the features, of no more images than there is room for.

        Args:
            data: The images that were solved on.
            rows: Features of the images as they are.
            mirrored: Of the mirrored ones, where they trained.
            left_out: What the head says of images that are left out.
            network: The digest of what made the features.
            seed: Of the sample.
        """
        dtype: np.dtype = np.dtype(np.float16)
        while True:
            numbers = _sample(data, rows, dtype.itemsize * (1 if mirrored is None else 2), seed)
            found = [None if each is None else _converted(each, numbers, dtype) for each in (rows, mirrored)]
            if all(each is None or np.isfinite(each).all() for each in found) or dtype == np.float32:
                break
            dtype = np.dtype(np.float32)  # what is too large for half precision is infinite there
        plain, other = found
        assert plain is not None  # noqa: S101 - only mirrored ones may be missing
        answers = np.full(len(data.train.labels), -1)
        answers[left_out.numbers] = left_out.probabilities.argmax(axis=1)
        contents = data.train.contents
        hashes = np.zeros(len(numbers), np.uint64) if contents is None else contents[numbers]
        labels, groups = data.train.labels[numbers], data.groups()[numbers]
        return cls(plain, other, labels, groups, hashes, answers[numbers], data.classes, network)

    def without(self, rows: np.ndarray) -> KeptFeatures:
        """The same without some rows: bool `(n,)`."""
        own = {name: getattr(self, name)[~rows] for name in _OF_IMAGES}
        return replace(self, **own, mirrored=None if self.mirrored is None else self.mirrored[~rows])

    def write(self, file: Path) -> None:
        """Write them."""
        arrays = {name: getattr(self, name) for name in _OF_IMAGES}
        arrays |= {"classes": np.array(self.classes), "network": np.array(self.network)}
        file.parent.mkdir(parents=True, exist_ok=True)
        if self.choices is not None:
            arrays |= {_STORED[name]: np.array(value) for name, value in self.choices._asdict().items()}
        write_arrays(file, arrays if self.mirrored is None else arrays | {"mirrored": self.mirrored})

    @classmethod
    def read(cls, file: Path) -> KeptFeatures:
        """Read what `write` has written.

        Raises:
            ModelError: The file is broken.
        """
        try:
            found = read_arrays(file, _KINDS, needed=_KINDS.keys() - {*_OPTIONAL})
            rows, mirrored, labels = found["rows"], found.get("mirrored"), found["labels"]
            classes = tuple(map(str, found["classes"]))
            if not 0 < len(rows) == len(labels) or any(len(found[name]) != len(rows) for name in _OF_IMAGES):
                raise ValueError("its parts do not fit together")
            if not rows.shape[1] or (mirrored is not None and mirrored.shape != rows.shape):
                raise ValueError(f"its features have the shape {rows.shape}")
            if len({*classes}) != len(classes) or not 0 <= labels.min() <= labels.max() < len(classes):
                raise ValueError("its labels are no places of classes")
            if not -1 <= found["answers"].min() <= found["answers"].max() < len(classes):
                raise ValueError("its answers are no places of classes")
            choices = _choices(found, rows.shape[1])
        except ValueError as error:
            name, reason = printable(str(file)), printable(str(error))
            raise ModelError(f"{name}: its features cannot be read ({reason}); {WITHOUT_THEM}") from None
        known = {name: found[name].astype(np.int64) for name in ("labels", "groups", "answers")}
        hashes = found["hashes"].astype(np.uint64)
        return cls(
            rows, mirrored, **known, hashes=hashes, classes=classes, network=str(found["network"]), choices=choices
        )


def _choices(found: Mapping[str, np.ndarray], width: int) -> HeadChoices | None:
    if not {*_STORED.values()} <= found.keys():
        return None
    penalty, emphasis = float(found["penalty"]), float(found["emphasis"])
    last, changed = int(found["last"]), int(found["changed"])
    if not (penalty > 0 and emphasis > 0 and 0 <= last <= width and changed >= 0):
        raise ValueError("what was chosen for its head are no such numbers")
    return HeadChoices(penalty, emphasis, last, bool(found["mirrors"]), changed)


def _sample(data: TrainingData, rows: UsableFeatures, width: int, seed: int) -> np.ndarray:
    """Numbers of the images that there is room for: of each class its part."""
    numbers = rows.usable
    fit = max(1, MOST // (width * rows[:1].shape[1]))
    if len(numbers) <= fit:
        return numbers
    groups = RowGroups(data.groups()[numbers])
    chosen = sample_groups(groups, data.train.labels[numbers], fit, seed)
    found = numbers[np.isin(groups.of_rows, chosen)]
    if len(found) > fit:  # groups are whole, and may be large
        found = found[np.linspace(0, len(found) - 1, fit).astype(np.int64)]
    return found


def _converted(rows: UsableFeatures, numbers: np.ndarray, dtype: np.dtype) -> np.ndarray:
    found = np.empty((len(numbers), rows[:1].shape[1]), dtype)
    with np.errstate(over="ignore"):
        for start in range(0, len(numbers), _ROWS):
            found[start : start + _ROWS] = rows.of_images(numbers[start : start + _ROWS])
    return found
