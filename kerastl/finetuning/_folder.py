"""The run folder of fine-tuning."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kerastl._base.files import replacing
from kerastl.data import Dataset
from kerastl.data._split import write_split
from kerastl.finetuning._outputs import METRICS
from kerastl.finetuning._search_results import SEARCH
from kerastl.models._metadata import MEMBER, MODEL_FILE
from kerastl.training._callback import RunCallback
from kerastl.training._outputs import FILES
from kerastl.training._run_folder import RunFolder, RunKind

SPLIT = "split.csv"
LEAVE_ONE_OUT = "leave_one_out.npz"
"""What the head says of each training image when it is left out; lies in the state of a run, too."""
KEPT_FEATURES = "features.npz"
"""The features that the head was solved on, for a run that goes on from it; lies in the state of a run, too."""
HEAD_SUMS = "sums.npz"
"""What a head is solved from once few images have changed, beside these features; it can be computed again."""
EARLIER_FEATURES = "earlier_features.npz"
"""Those of the run that a run goes on from, in its state."""
JOURNAL = "changes.csv"
"""What the head has learnt and forgotten since, a row an image."""
BASE_MODEL = "base_model.keras"
"""What a run starts from, in its state, where that is not a network of the catalog."""


def _older(contents: Mapping[str, dict[str, Any]]) -> bool:
    """See `RunKind`: version 0.1 wrote these into the metadata, the metrics and the state."""
    finished = {"format", "labels", "resize", "extra"} <= contents[MEMBER].keys()
    finished = finished and {"val_accuracy", "phase_seconds", "recipe"} <= contents[METRICS].keys()
    return finished or {"settings", "recipe", "classes", "data_fingerprint"} <= contents["state"].keys()


KIND = RunKind(
    "finetune",
    (MODEL_FILE, MEMBER, METRICS, SPLIT, LEAVE_ONE_OUT, KEPT_FEATURES, HEAD_SUMS, JOURNAL, SEARCH, *FILES),
    METRICS,
    _older,
    state=(BASE_MODEL, EARLIER_FEATURES, LEAVE_ONE_OUT, KEPT_FEATURES, SPLIT),
)


class FineTuningFolder(RunFolder):
    """A folder for one run of fine-tuning, which also holds how the images were split.

    Args:
        path: Made if it does not exist.
        callback: Hears what is found and left.
    """

    def __init__(self, path: Path, callback: RunCallback | None = None) -> None:
        super().__init__(path, KIND, callback)
        self.split = path / SPLIT
        self.base_model = self.checkpoint.folder / BASE_MODEL
        self.earlier_features = self.checkpoint.folder / EARLIER_FEATURES
        self._kept_split = self.checkpoint.folder / SPLIT

    @property
    def original_split(self) -> Path:
        """The split that the run began with."""
        return self._kept_split if self._kept_split.exists() else self.split

    def replace_split(self, dataset: Dataset, groups: Mapping[str, int]) -> None:
        """Write the parts that images have in the end; a run that goes on finds those that it began with."""
        if not self._kept_split.exists():
            self._copy(self.split, self._kept_split)
        write_split(dataset, self.split, groups=groups)

    def keep_base_model(self, file: Path) -> Path:
        """Copy what the run starts from to where a run that goes on finds it; return that."""
        self._copy(file, self.base_model)
        return self.base_model

    def keep_earlier_features(self, file: Path) -> Path:
        """Copy the features of the run that it goes on from to where it finds them again; return that."""
        self._copy(file, self.earlier_features)
        return self.earlier_features

    def publish_features(self, wanted: bool) -> None:
        """Put the features that a head was solved on beside the model, where they were kept and that head was."""
        kept, beside = self.checkpoint.folder / KEPT_FEATURES, self.path / KEPT_FEATURES
        (self.path / HEAD_SUMS).unlink(missing_ok=True)  # of earlier features
        if wanted and kept.is_file():
            self._copy(kept, beside)
        elif not wanted:
            beside.unlink(missing_ok=True)

    def _copy(self, file: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as temporary:
            shutil.copyfile(file, temporary)
