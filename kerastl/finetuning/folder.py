"""The run folder of fine-tuning."""

from __future__ import annotations

from pathlib import Path

from kerastl.card import MEMBER, MODEL_FILE
from kerastl.finetuning.outputs import CURVES, HISTORY, METRICS, SKIPPED
from kerastl.runs.folder import RunFolder

SPLIT = "split.csv"


class FineTuningFolder(RunFolder):
    """A folder for one run of fine-tuning, which also holds how the pictures were split.

    Args:
        path: Made if it does not exist.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, (MODEL_FILE, MEMBER, METRICS, HISTORY, SPLIT, SKIPPED, CURVES), METRICS)
        self.split = path / SPLIT
