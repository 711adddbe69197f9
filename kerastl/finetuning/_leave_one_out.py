"""What a head solved in closed form says of each training image while that is left out, and how a run keeps it.

Such answers are to a run in which every image trains what the answers on validation images are to another: the images
of a group (duplicates, one patient) are left out together, so that none is answered by a head that knows it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kerastl._base.text import printable
from kerastl.calibration._leave_one_out import LeftOutCalibration, calibrated, leave_one_out_state
from kerastl.calibration._state import ARRAYS as TRUST
from kerastl.data._training_record import content_number
from kerastl.errors import ModelError
from kerastl.finetuning._array_files import read_arrays, write_arrays
from kerastl.finetuning._folder import LEAVE_ONE_OUT
from kerastl.finetuning._scores import Score, score
from kerastl.finetuning._training_data import TrainingData
from kerastl.tasks._task import CLASSIFICATION, TASKS, TargetKind, Task

_MOST = 1 << 26  # probabilities that are kept, 256 MiB: above it those of evenly spaced images
# The kind of numbers of each array, and its axes.
_LABELS: Mapping[TargetKind, tuple[str, int]] = {"index": ("i", 1), "indicators": ("b", 2), "number": ("f", 1)}
_IN_STATE = dict.fromkeys(("numbers", "groups"), ("i", 1))
_IN_STATE |= {"probabilities": ("f", 2), "extra": ("U", 0), "trust": ("u", 1)}
_BESIDE = {"hashes": ("u", 1), "groups": ("i", 1), "probabilities": ("f", 2), "fingerprint": ("U", 0)}
_ARRAYS = ("numbers", "labels", "groups", "probabilities")


@dataclass(frozen=True)
class LeftOutAnswers:
    """Answers on training images that were left out.

    Args:
        numbers: int64 `(n,)`, numbers of the training images, ascending.
        labels: As the task keeps them: of classes int64 `(n,)`.
        groups: int64 `(n,)`; the images of a group were left out together.
        probabilities: float32 `(n, outputs)`: of classes, rows sum to 1.
        calibration: What was fitted on them, for the model's file; None where nothing was.
        task: What the answers are.
    """

    numbers: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    probabilities: np.ndarray
    calibration: LeftOutCalibration | None = None
    task: Task = TASKS[CLASSIFICATION]

    @classmethod
    def of(cls, data: TrainingData, numbers: np.ndarray, probabilities: np.ndarray) -> LeftOutAnswers:
        """Gather the answers.

        Args:
            data: The images that were trained on.
            numbers: int64 `(n,)`, of those that have an answer.
            probabilities: float32 `(n, outputs)`; rows that are not finite are no answers, and go.
        """
        known = np.isfinite(probabilities).all(axis=1)
        kept = numbers[known]
        answers = probabilities[known].astype(np.float32)
        return cls(kept, data.train.labels[kept], data.groups()[kept], answers, task=data.task)

    def calibrated(self, temperature: float, features: Callable[[np.ndarray], np.ndarray], seed: int) -> LeftOutAnswers:
        """Fit sets of classes, or intervals around numbers, and rejection on them.

        Args:
            temperature: What the scores of the head were divided by.
            features: Numbers of training images to what the head gets of them, `(m, d)`.
            seed: Of what is drawn.
        """
        state = leave_one_out_state(
            self.probabilities,
            self.labels,
            self.groups,
            lambda places: features(self.numbers[places]),
            seed=seed,
            task=self.task.name,
        )
        return replace(self, calibration=calibrated(state, temperature, task=self.task.name))

    def score(self) -> Score:
        """How good they are; there is one at least."""
        return score(self.probabilities, self.labels, "leave_one_out", self.groups, self.task)

    def thinned(self) -> LeftOutAnswers:
        """As many of them as are kept, evenly spaced."""
        step = max(1, -(-self.probabilities.size // _MOST))
        return replace(self, **{name: getattr(self, name)[::step] for name in _ARRAYS})

    def write(self, folder: Path) -> None:
        """Keep them beside the state of a run."""
        folder.mkdir(parents=True, exist_ok=True)
        thinned = self.thinned()
        arrays = {name: getattr(thinned, name) for name in _ARRAYS}
        if self.calibration is not None:
            arrays["extra"] = np.array(json.dumps(self.calibration.extra))
            arrays["trust"] = np.frombuffer(self.calibration.members[TRUST], np.uint8)
        write_arrays(folder / LEAVE_ONE_OUT, arrays)

    @classmethod
    def read(cls, folder: Path, task: Task) -> LeftOutAnswers:
        """Read what `write` has written for a task.

        Raises:
            ValueError: It is not there or damaged.
        """
        kinds = {**_IN_STATE, "labels": _LABELS[task.kind]}
        found = read_arrays(folder / LEAVE_ONE_OUT, kinds, needed=_ARRAYS)
        calibration = None
        if {"extra", "trust"} <= found.keys():
            members = {TRUST: found["trust"].tobytes()}
            calibration = LeftOutCalibration(json.loads(str(found["extra"])), members)
        return cls(**{name: found[name] for name in _ARRAYS}, calibration=calibration, task=task)


@dataclass(frozen=True)
class KeptAnswers:
    """The same beside a finished model, where images are known by what is in them.

    Args:
        hashes: uint64 `(n,)`, the beginning of each image's content hash.
        groups: int64 `(n,)`; the images of a group were left out together.
        probabilities: float32 `(n, classes)`, the classes in the order of the model's outputs.
        fingerprint: Of the data that the model was trained on.
    """

    hashes: np.ndarray
    groups: np.ndarray
    probabilities: np.ndarray
    fingerprint: str

    @classmethod
    def of(cls, answers: LeftOutAnswers, contents: np.ndarray, fingerprint: str) -> KeptAnswers:
        """Name the images of some answers.

        Args:
            answers: Of a run.
            contents: uint64, of every training image, as `LabeledImages` has it.
            fingerprint: Of the data.
        """
        return cls(contents[answers.numbers], answers.groups, answers.probabilities, fingerprint)

    def rows(self, contents: Sequence[str]) -> np.ndarray:
        """Place of the answer on each image, by its content hash: int64 `(n,)`, -1 where there is none."""
        order = np.argsort(self.hashes, kind="stable")
        numbers = np.array([content_number(content) for content in contents], np.uint64)
        places = np.searchsorted(self.hashes, numbers, sorter=order)
        rows = order[np.minimum(places, len(order) - 1)]
        return np.where((self.hashes[rows] == numbers) & (numbers != 0), rows, -1)

    def write(self, folder: Path) -> None:
        """Write it into a run folder."""
        write_arrays(folder / LEAVE_ONE_OUT, {**vars(self), "fingerprint": np.array(self.fingerprint)})

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
            found = read_arrays(file, _BESIDE, needed=_BESIDE)
            if str(found["fingerprint"]) != fingerprint:
                return None
            hashes, groups, probabilities = found["hashes"], found["groups"], found["probabilities"]
            if not 0 < len(hashes) == len(groups) == len(probabilities):
                raise ValueError("its parts do not fit together")
            if probabilities.shape[1:] != (classes,):
                raise ValueError(f"it does not hold answers of {classes:,} classes")
        except ValueError as error:
            name, reason = printable(str(file)), printable(str(error))
            raise ModelError(f"{name}: its leave-one-out answers cannot be read ({reason}); remove the file") from None
        return cls(hashes, groups, probabilities, str(found["fingerprint"]))
