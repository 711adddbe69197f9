"""How far a run has come, and how that gets to the disk: the same for whatever trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from kerastl._progress import stage
from kerastl.errors import TrainingError
from kerastl.training._checkpoint import Checkpoint

STATE = "training"
"""What the state is called among the values of a checkpoint."""

History = list[dict[str, Any]]


@dataclass
class TrainingState:
    """How far a run has come; each kind of run adds its own.

    Args:
        epoch: Number of epochs that are complete; in the phase, where there are phases.
        history: Rows of `history.csv`.
    """

    epoch: int = 0
    history: History = field(default_factory=list)


class StateWriter:
    """Writes the state of a run, and tells of its history when it is on the disk.

    Args:
        checkpoint: Where it goes.
        extra: What else a checkpoint holds.
    """

    def __init__(self, checkpoint: Checkpoint, extra: Mapping[str, Any] | None = None) -> None:
        self.checkpoint = checkpoint
        self.after_epoch: Callable[[History], None] | None = None
        self._extra = dict(extra or {})
        self._told = 0

    def save(self, state: TrainingState, **arrays: Sequence[np.ndarray] | None) -> None:
        """Write the state.

        Args:
            state: How far the run has come.
            **arrays: See `Checkpoint.save`.

        Raises:
            TrainingError: The disk is full; the state before stays.
        """
        try:
            with stage("saving the state"):
                self.checkpoint.save({**self._extra, STATE: asdict(state)}, arrays)
        except OSError as error:
            raise TrainingError(
                f"the state cannot be written to {self.checkpoint.folder} ({error.strerror}); what was reached "
                "before is kept: make room and go on with --resume"
            ) from None
        self.tell(state)

    def tell(self, state: TrainingState) -> None:
        """Hand on the history where it has grown."""
        if self.after_epoch is not None and len(state.history) != self._told:
            with stage("writing the history"):
                self.after_epoch(state.history)
            self._told = len(state.history)
