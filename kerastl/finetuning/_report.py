"""What a run leaves behind: metrics, and the files they go into."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl.calibration._leave_one_out import LeftOutCalibration
from kerastl.data import _training_record as training_record
from kerastl.data._training_record import TrainingRecord
from kerastl.finetuning import _outputs as outputs
from kerastl.finetuning._base_model import BaseModel
from kerastl.finetuning._folder import LEAVE_ONE_OUT
from kerastl.finetuning._leave_one_out import KeptAnswers, LeftOutAnswers
from kerastl.finetuning._living.sums_file import keep_sums
from kerastl.finetuning._outcome import kept, scored
from kerastl.finetuning._readme import ReadMe
from kerastl.finetuning._recipe import Recipe
from kerastl.finetuning._settings import Settings
from kerastl.finetuning._splits import SplitData
from kerastl.finetuning._training_data import TrainingData
from kerastl.models._hierarchy import Hierarchy
from kerastl.models._labels import LabelSet
from kerastl.models._metadata import CLASS_FOLDERS, HIERARCHY, LABEL_SEPARATOR, Metadata
from kerastl.training._outputs import versions, write_skipped

if TYPE_CHECKING:
    import keras

    from kerastl.finetuning._state import FineTuningState

_PACKAGES = ("keras", "tensorflow", "ai-edge-litert", "numpy", "scikit-learn")


class Report:
    """Writes the outputs of a run.

    Args:
        folder: The run folder.
        settings: What was wanted.
        recipe: What was done.
        parts: The data.
        images: The same, as it was trained on.
        stages: Of the network, from the head down.
        base: What the run started from.
    """

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        recipe: Recipe,
        parts: SplitData,
        images: TrainingData,
        stages: tuple[str, ...],
        base: BaseModel,
    ) -> None:
        self._folder = folder
        self._settings = settings
        self._recipe = recipe
        self._parts = parts
        self._images = images
        self._stages = stages
        self._base = base

    def metrics(
        self, state: FineTuningState, skipped: Mapping[Path, str], seconds: float, *, stopped: bool
    ) -> dict[str, Any]:
        """Return what `metrics.json` holds; `state` has a best score."""
        best, left_out = state.best, state.leave_one_out
        assert best is not None  # noqa: S101 - a run without one ends before
        gone = {str(path) for path in skipped}
        train, val = (
            sum(str(file) not in gone for file in part.files) for part in (self._images.train, self._images.val)
        )
        under_way = min(state.phase + 1, len(self._recipe.phases))
        task = self._images.task
        scores: dict[str, Any] = {"accuracy_kind": best.kind, "task": task.name}
        if best.kind == "validation":
            scores |= scored("val", best, val, task) | {"chosen_by_validation": len(state.history) > 1}
        if left_out is not None:
            counts = {"loo_images": left_out.images, "loo_groups": left_out.groups}
            scores |= scored("loo", left_out, left_out.groups, task) | counts
        return {
            **scores,
            "classes": len(self._images.classes),
            "train_images": train,
            "val_images": val,
            "skipped_images": len(self._parts.skipped) + len(gone),
            "recipe": self._recipe.name,
            "epochs": len(state.history),
            "seconds": round(seconds, 3),
            "phase_seconds": [round(phase, 3) for phase in state.seconds],
            "complete": not stopped,
            "refitted": state.refitted,
            "warnings": list(state.warnings),
            **kept(state.history, self._recipe, self._stages, under_way, state.records, task),
        }

    def write(
        self,
        model: keras.Model,
        state: FineTuningState,
        skipped: Mapping[Path, str],
        metrics: dict[str, Any],
        left_out: LeftOutAnswers | None = None,
    ) -> Metadata:
        """Write everything, with the answers by leave-one-out if there are such; return the model's metadata."""
        calibration = LeftOutCalibration({}, {}) if left_out is None else left_out.calibration
        assert calibration is not None  # noqa: S101 - training has fitted it
        metadata = Metadata(
            self._folder.absolute().name,
            LabelSet(self._images.classes),
            self._images.reader,
            self._base.backbone,
            {
                **self._base.described(),
                "recipe": self._recipe.as_dict(),
                "settings": self._settings.as_dict(),
                "versions": versions(_PACKAGES),
                "data_fingerprint": self._parts.fingerprint,
                "metrics": metrics,
                **self._classes(),
                **state.extras,
                **calibration.extra,
            },
            self._images.task.name,
        )
        record = TrainingRecord.of(self._parts.dataset, self._parts.contents)
        if (earlier := self._base.trained_on()) is not None:
            record = record.joined(earlier)
        members = {training_record.MEMBER: record.to_bytes(), **calibration.members}
        outputs.write_model(self._folder, model, metadata, members)
        self._write_left_out(left_out)
        outputs.write_history(self._folder, self._images.task, state.history)
        if state.history:
            outputs.write_curves(self._folder, state.history, [phase["trains"] for phase in metrics["phases"]])
        root = self._parts.dataset.root
        late = {_relative(path, root): reason for path, reason in skipped.items()}
        write_skipped(self._folder, {**self._parts.skipped, **late})
        if metrics["complete"]:
            keep_sums(self._folder, self._settings.class_weights == "balanced")
        readme = ReadMe(metadata, metrics, str(root), keep_features=self._settings.keep_features)
        readme.write(self._folder)
        outputs.write_metrics(self._folder, metrics)
        return metadata

    def _classes(self) -> dict[str, Any]:
        """How labels were written: which of nested folders are the classes, their tree, what parts several labels."""
        class_folders, separator = self._parts.dataset.class_folders, self._parts.dataset.label_separator
        found = {CLASS_FOLDERS: class_folders, LABEL_SEPARATOR: separator}
        stored: dict[str, Any] = {name: value for name, value in found.items() if value is not None}
        if class_folders == "path":
            stored[HIERARCHY] = Hierarchy.of_paths(self._images.classes).as_dict()
        return stored

    def _write_left_out(self, answers: LeftOutAnswers | None) -> None:
        """What tells of the model where every image trained; nothing where its head was not solved in closed form."""
        if answers is None:
            (self._folder / LEAVE_ONE_OUT).unlink(missing_ok=True)
            return
        contents = self._images.train.contents
        assert contents is not None  # noqa: S101 - those of a run are known
        KeptAnswers.of(answers, contents, self._parts.fingerprint).write(self._folder)


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
