"""The run folder: who may write into it, and what of it is kerastl's."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from kerastl.errors import UsageError
from kerastl.files import check_folder
from kerastl.runs.checkpoint import Checkpoint

_STATE = "state"
_FEATURES = "features"


class RunFolder:
    """A folder for one run.

    Args:
        path: Made if it does not exist.
        outputs: Names of the files that such a run writes beside its state and its features.
        last: The one of them that is written last.
    """

    def __init__(self, path: Path, outputs: Sequence[str], last: str) -> None:
        self.path = path
        self.checkpoint = Checkpoint(path / _STATE)
        self.features = path / _FEATURES
        self._last = last
        self._own = (*outputs, _STATE, _FEATURES)

    def open(self, *, resume: bool, overwrite: bool) -> bool:
        """Get ready for a run; return whether there is a state to go on from.

        Raises:
            UsageError: The folder is not empty and neither was asked for, or both were, or `resume` finds
                something else than a run.
        """
        if resume and overwrite:
            raise UsageError("resume and overwrite exclude each other")
        if self.path.exists() and not self.path.is_dir():
            raise UsageError(f"{self.path} is a file; the run folder must be another path")
        check_folder(self.path, "output")
        filled = self.path.is_dir() and any(self.path.iterdir())
        if filled and overwrite:
            self._clear()
        elif filled and not resume:
            raise UsageError(f"{self.path} is not empty: --resume goes on with the run in it, --overwrite replaces it")
        elif filled and not any((self.path / name).exists() for name in self._own):
            raise UsageError(f"{self.path} holds no run to resume")
        self.path.mkdir(parents=True, exist_ok=True)
        return resume and self.checkpoint.load() is not None

    @property
    def finished(self) -> bool:
        """Whether a run has come to its end here."""
        return (self.path / self._last).exists() and not (self.path / _STATE).exists()

    def close(self, *, keep_features: bool) -> None:
        """Remove what only a run under way needs."""
        shutil.rmtree(self.path / _STATE)
        if not keep_features:
            shutil.rmtree(self.features, ignore_errors=True)

    def _clear(self) -> None:
        """Remove a run's files, and no others."""
        if not any((self.path / name).exists() for name in self._own):
            raise UsageError(f"{self.path} holds files but no run of kerastl; it is not overwritten")
        for name in self._own:
            target = self.path / name
            if target.is_dir():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
