"""What a head solved in closed form says of each training image while that is left out, and how a run keeps it.

Such answers are to a run in which every image trains what the answers on validation images are to another: the images
of a group (duplicates, one patient) are left out together, so that none is answered by a head that knows it.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kerastl._base import files
from kerastl._base.text import printable
from kerastl.data._training_record import content_number
from kerastl.errors import ModelError
from kerastl.finetuning._folder import LEAVE_ONE_OUT
from kerastl.finetuning._scores import Score, score
from kerastl.finetuning._training_data import TrainingData

_MOST = 1 << 26  # probabilities that are kept, 256 MiB: above it those of evenly spaced images


@dataclass(frozen=True)
class LeftOutAnswers:
    """Answers on training images that were left out.

    Args:
        numbers: int64 `(n,)`, numbers of the training images, ascending.
        labels: int64 `(n,)`, their classes.
        groups: int64 `(n,)`; the images of a group were left out together.
        probabilities: float32 `(n, classes)`, rows sum to 1.
    """

    numbers: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    probabilities: np.ndarray

    @classmethod
    def of(cls, data: TrainingData, numbers: np.ndarray, probabilities: np.ndarray) -> LeftOutAnswers:
        """Gather the answers.

        Args:
            data: The images that were trained on.
            numbers: int64 `(n,)`, of those that have an answer.
            probabilities: float32 `(n, classes)`; rows that are not finite are no answers, and go.
        """
        known = np.isfinite(probabilities).all(axis=1)
        kept = numbers[known]
        return cls(kept, data.train.labels[kept], data.groups()[kept], probabilities[known].astype(np.float32))

    def score(self) -> Score:
        """How good they are; there is one at least."""
        return score(self.probabilities, self.labels, "leave_one_out", self.groups)

    def thinned(self) -> LeftOutAnswers:
        """As many of them as are kept, evenly spaced."""
        step = -(-self.probabilities.size // _MOST)
        return self if step < 2 else LeftOutAnswers(*(array[::step] for array in vars(self).values()))

    def write(self, folder: Path) -> None:
        """Keep them beside the state of a run."""
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / LEAVE_ONE_OUT, vars(self.thinned()))

    @classmethod
    def read(cls, folder: Path) -> LeftOutAnswers:
        """Read what `write` has written.

        Raises:
            ValueError: It is not there or damaged.
        """
        return cls(**_arrays(folder / LEAVE_ONE_OUT, ("numbers", "labels", "groups", "probabilities")))


@dataclass(frozen=True)
class KeptAnswers:
    """The same beside a finished model, where images are known by what is in them.

    Args:
        hashes: uint64 `(n,)`, the beginning of each image's content hash.
        probabilities: float32 `(n, classes)`, of the class in the order of the model's outputs.
        fingerprint: Of the data that the model was trained on.
    """

    hashes: np.ndarray
    probabilities: np.ndarray
    fingerprint: str

    @classmethod
    def of(cls, answers: LeftOutAnswers, contents: Sequence[str], fingerprint: str) -> KeptAnswers:
        """Name the images of some answers.

        Args:
            answers: Of a run.
            contents: Content hash of every training image.
            fingerprint: Of the data.
        """
        hashes = np.array([content_number(contents[number]) for number in answers.numbers], np.uint64)
        return cls(hashes, answers.probabilities, fingerprint)

    def rows(self, contents: Sequence[str]) -> np.ndarray:
        """Place of the answer on each image, by its content hash: int64 `(n,)`, -1 where there is none."""
        order = np.argsort(self.hashes, kind="stable")
        numbers = np.array([content_number(content) for content in contents], np.uint64)
        places = np.searchsorted(self.hashes, numbers, sorter=order)
        rows = order[np.minimum(places, len(order) - 1)]
        return np.where((self.hashes[rows] == numbers) & (numbers != 0), rows, -1)

    def write(self, folder: Path) -> None:
        """Write it into a run folder."""
        _write(folder / LEAVE_ONE_OUT, {**vars(self), "fingerprint": np.array(self.fingerprint)})

    @classmethod
    def read(cls, folder: Path, fingerprint: object, classes: int) -> KeptAnswers | None:
        """Read it from the folder of a model.

        Args:
            folder: Where the model's file lies.
            fingerprint: Of the data that the model was trained on, as its metadata has it.
            classes: Of the model.

        Returns:
            What is known; None where there is no such file, or it belongs to another model.

        Raises:
            ModelError: The file is broken.
        """
        file = folder / LEAVE_ONE_OUT
        if not file.is_file():
            return None
        try:
            found = _arrays(file, ("hashes", "probabilities", "fingerprint"))
            if str(found["fingerprint"]) != fingerprint:
                return None
            hashes, probabilities = found["hashes"], found["probabilities"]
            if hashes.dtype != np.uint64 or not 0 < len(hashes) == len(probabilities):
                raise ValueError("its parts do not fit together")
            if probabilities.dtype != np.float32 or probabilities.shape[1:] != (classes,):
                raise ValueError(f"it does not hold answers of {classes:,} classes")
        except ValueError as error:
            name, reason = printable(str(file)), printable(str(error))
            raise ModelError(f"{name}: its leave-one-out answers cannot be read ({reason}); remove the file") from None
        return cls(hashes, probabilities, str(found["fingerprint"]))


def _write(file: Path, arrays: dict[str, np.ndarray]) -> None:
    with files.replacing(file) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays)  # type: ignore[arg-type]


def _arrays(file: Path, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Read arrays that take no more memory than the file takes on the disk; `ValueError` where that cannot be done."""
    try:
        with file.open("rb") as stream, zipfile.ZipFile(stream) as archive:
            if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
                raise ValueError("it is compressed")
            return {name: _array(archive, f"{name}.npy") for name in names}
    except (KeyError, OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
        raise ValueError(str(error)) from None


def _array(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    stream = io.BytesIO(archive.read(name))
    if np.lib.format.read_magic(stream) != (1, 0):
        raise ValueError("it is of another version of NumPy")
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    content = stream.read()
    if dtype.hasobject or fortran or math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError("its arrays are not what they say")
    return np.frombuffer(content, dtype).reshape(shape)
