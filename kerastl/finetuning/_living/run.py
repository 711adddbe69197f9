"""The run whose head goes on learning: what is read of it, and what is written when the head has changed."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from kerastl._base.text import listed, printable
from kerastl._progress import stage
from kerastl.data import _training_record as training_record
from kerastl.data._training_record import TrainingRecord
from kerastl.errors import ModelError, UsageError
from kerastl.finetuning import _outputs as outputs
from kerastl.finetuning._doubts import doubts
from kerastl.finetuning._earlier_run import EarlierRun
from kerastl.finetuning._folder import HEAD_SUMS, JOURNAL, KEPT_FEATURES, LEAVE_ONE_OUT, SPLIT
from kerastl.finetuning._kept_features import TASKS_KEPT, KeptFeatures
from kerastl.finetuning._leave_one_out import KeptAnswers
from kerastl.finetuning._living import rows as kept_rows
from kerastl.finetuning._living import staging
from kerastl.finetuning._living.head import SolvedHead, solve_kept
from kerastl.finetuning._living.head_file import head_members
from kerastl.finetuning._living.journal import Change, write_journal
from kerastl.finetuning._living.split_rows import SplitRows, data_of
from kerastl.finetuning._living.sums import HeadSums
from kerastl.finetuning._living.sums_file import read_sums, write_sums
from kerastl.finetuning._outcome import scored
from kerastl.finetuning._outputs import METRICS
from kerastl.finetuning._readme import ReadMe
from kerastl.models import _metadata as metadata_file
from kerastl.models._hierarchy import Hierarchy
from kerastl.models._labels import LabelSet
from kerastl.models._metadata import CLASS_FOLDERS, HIERARCHY, MEMBER, MODEL_FILE, Metadata
from kerastl.tasks._task import TASKS
from kerastl.training._callback import RunCallback
from kerastl.training._lock import locked

_FILES = frozenset((MODEL_FILE, MEMBER, METRICS, SPLIT, LEAVE_ONE_OUT, KEPT_FEATURES, HEAD_SUMS, JOURNAL))
_STATE = "state"

log = logging.getLogger("kerastl")


@dataclass(frozen=True)
class LivingRun:
    """A finished run with the features of its images.

    Args:
        earlier: The run.
        kept: The features, class by class.
    """

    earlier: EarlierRun
    kept: KeptFeatures

    @property
    def folder(self) -> Path:
        """The run folder."""
        return self.earlier.file.parent

    @property
    def metadata(self) -> Metadata:
        """Of the model."""
        return self.earlier.metadata

    @property
    def settings(self) -> Mapping[str, Any]:
        """Of the run, as its metadata have them."""
        stored = self.metadata.extra.get("settings")
        return stored if isinstance(stored, dict) else {}

    @property
    def seed(self) -> int:
        """Of the run."""
        seed = self.settings.get("seed")
        return seed if isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 else 0

    def solve(self, kept: KeptFeatures, changes: int, refit: bool, last: Callable[[], int]) -> SolvedHead:
        """Solve the head for other images.

        Args:
            kept: Of these.
            changes: How many images have changed.
            refit: Choose penalty, mirrored images and emphasis again, however long that takes.
            last: Gives the width of the last layer's features where an earlier kerastl did not write it down.
        """
        width = kept.choices.last if kept.choices is not None else last()
        balanced = self.settings.get("class_weights") == "balanced"
        with stage(f"ridge regression on {len(kept):,} images"):
            return solve_kept(
                kept_rows.changed(kept, changes, len(self.kept)),
                self.metadata.reader,
                balanced=balanced,
                seed=self.seed,
                last=width,
                choose=refit or None,
                sums=self._sums,
            )

    def _sums(self) -> HeadSums | None:
        """What the head was solved from; None where that is not there, or belongs to other features."""
        file = self.folder / HEAD_SUMS
        if not os.path.lexists(file):
            return None
        try:
            return read_sums(file, self.earlier.features)
        except ValueError as error:
            log.warning("%s cannot be read (%s): it is computed again", printable(str(file)), printable(str(error)))
            return None

    def write(
        self, solved: SolvedHead, changes: Sequence[Change], table: Callable[[SplitRows], None], images: int
    ) -> dict[str, Any]:
        """Write the model and what belongs to it: all of it, or nothing.

        Args:
            solved: The new head.
            changes: For the journal, and for the record of the images that the model knows.
            table: Changes the table of images.
            images: How many images there were before.

        Returns:
            What `metrics.json` holds now.
        """
        metrics = self._metrics(solved, images)
        fingerprint = _fingerprint(solved.kept)
        calibration = solved.left_out.calibration
        assert calibration is not None  # noqa: S101 - `solve_kept` has fitted it
        extra = {**self.metadata.extra, "metrics": metrics, "data_fingerprint": fingerprint, **calibration.extra}
        if HIERARCHY in extra and extra.get(CLASS_FOLDERS) == "path":
            extra[HIERARCHY] = Hierarchy.of_paths(solved.kept.classes).as_dict()
        metadata = replace(self.metadata, labels=LabelSet(solved.kept.classes), extra=extra)
        rows = SplitRows(self.folder / SPLIT, Path(data_of(self.folder) or "."))
        table(rows)
        with staging.staged(self.folder, _FILES) as place, stage("writing the model and the figures"):
            scratch = place / "weights"
            scratch.mkdir()
            network = head_members(self.earlier.file, solved.head.kernel, solved.head.bias, scratch)
            for name in (MODEL_FILE, MEMBER):
                if (self.folder / name).is_file():
                    shutil.copyfile(self.folder / name, place / name)
            members = {**network, training_record.MEMBER: self._record(changes).to_bytes(), **calibration.members}
            metadata_file.update(place / MODEL_FILE, metadata, members)
            shutil.rmtree(scratch)
            solved.kept.write(place / KEPT_FEATURES)
            if solved.sums is not None:
                write_sums(place / HEAD_SUMS, solved.sums, place / KEPT_FEATURES)
            KeptAnswers.of(solved.left_out, solved.kept.hashes, fingerprint).write(place)
            rows.write(place / SPLIT)
            write_journal(self.folder, place, changes)
            outputs.write_metrics(place, metrics)
            if solved.sums is None:
                (self.folder / HEAD_SUMS).unlink(missing_ok=True)  # they know what is to be forgotten
        ReadMe(metadata, metrics, data_of(self.folder) or "DATA", keep_features=False).write(self.folder)
        return metrics

    def _metrics(self, solved: SolvedHead, images: int) -> dict[str, Any]:
        """Those of the run, with the figures of the new head."""
        found: dict[str, Any] = {}
        stored = self.metadata.extra.get("metrics")
        found |= stored if isinstance(stored, dict) else {}
        reached = solved.left_out.score()
        task = TASKS[self.metadata.task]
        new = len(solved.kept) - images
        answers = solved.left_out.probabilities, solved.left_out.labels
        found |= {"accuracy_kind": reached.kind, "loo_images": reached.images, "loo_groups": reached.groups}
        found |= scored("loo", reached, reached.groups, task)
        found |= {
            "classes": len(solved.kept.classes),
            "train_images": int(found.get("train_images", images)) + new,
            "warnings": doubts(*answers, solved.kept.classes, task, "leave_one_out"),
        }
        found.pop("kept_classes", None)  # of other images
        return found

    def _record(self, changes: Sequence[Change]) -> TrainingRecord:
        """The images that the model knows: those it knew, without what was forgotten, and with what was learnt."""
        before = training_record.read(self.earlier.file)
        gone = np.array([one.content for one in changes if one.change == "forgotten"], np.uint64)
        new = np.array([one.content for one in changes if one.change == "learnt"], np.uint64)
        known = {} if before is None else before.hashes
        empty = np.empty(0, np.uint64)
        hashes = {part: np.setdiff1d(known.get(part, empty), gone) for part in ("val", "train")}
        return TrainingRecord({"val": hashes["val"], "train": np.union1d(hashes["train"], new)})


@contextmanager
def opened(model: Any) -> Iterator[LivingRun]:
    """Open a run for a change, and keep others out while it lasts.

    Raises:
        UsageError: It is no folder of a finished run that keeps features, or another process works there.
        ModelError: What it holds is broken.
    """
    path = run_folder(model)
    with locked(path, RunCallback()):
        staging.finish(path, _FILES)
        yield _read(path)


def run_folder(model: Any) -> Path:
    """What was given for a run folder.

    Raises:
        UsageError: It is no folder.
    """
    path = Path(model)
    if not path.is_dir():
        raise UsageError(f"model must be the folder of a run of kerastl finetune. Received: {printable(str(model))}")
    return path


def _read(path: Path) -> LivingRun:
    shown = printable(str(path))
    earlier = EarlierRun.of(path)
    if earlier.metadata.task not in TASKS_KEPT:
        raise UsageError(f"{shown} is of task {earlier.metadata.task!r}; heads of {listed(TASKS_KEPT)} can be changed")
    if (path / _STATE).exists():
        raise UsageError(f"{shown} is a run that was stopped: kerastl finetune --resume ends it first")
    if not earlier.features.is_file():
        raise UsageError(
            f"{shown} has no {KEPT_FEATURES}, which runs have whose head was solved and nothing else trained (recipe "
            "probe): fine-tune again"
        )
    kept = earlier.read_features()
    known = earlier.metadata.extra.get("metrics")
    trained = known.get("train_images") if isinstance(known, dict) else None
    if isinstance(trained, int) and trained > len(kept):
        raise ModelError(
            f"{shown}/{KEPT_FEATURES} holds {len(kept):,} of {trained:,} images, so that the head cannot be solved "
            "without some of them: fine-tune again"
        )
    return LivingRun(earlier, kept)


def _fingerprint(kept: KeptFeatures) -> str:
    """What tells these images and labels from others."""
    digest = hashlib.sha256(json.dumps(kept.classes).encode())
    order = np.lexsort((kept.labels, kept.hashes))
    for values in (kept.hashes, kept.labels):
        digest.update(np.ascontiguousarray(values[order]).tobytes())
    return digest.hexdigest()
