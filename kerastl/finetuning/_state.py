"""How far fine-tuning has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerastl.finetuning._budget import Budget
from kerastl.finetuning._scores import Score
from kerastl.training._checkpoint import Checkpoint
from kerastl.training._state import StateWriter, TrainingState


@dataclass
class FineTuningState(TrainingState):
    """How far a run has come.

    Args:
        phase: Number of the phase that is under way, from 0; `epoch` counts its epochs.
        ended: Whether a callback has ended it.
        best: The best score of the run.
        leave_one_out: That of the best weights by leave-one-out, where they were solved in closed form.
        best_here: Whether it was reached in this phase.
        phase_best: The best score of this phase.
        waited: Epochs since then.
        seconds: Of each phase.
        warnings: What is doubtful about the best weights, one line each.
        failure: Why they are worth nothing; empty where they are worth something.
        plan: Epochs of each phase that has been planned into a budget of time; 0 where it is left out.
        used: Seconds that the run had taken when the state was written.
    """

    phase: int = 0
    ended: bool = False
    best: Score | None = None
    leave_one_out: Score | None = None
    best_here: bool = False
    phase_best: Score | None = None
    waited: int = 0
    seconds: list[float] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failure: str = ""
    plan: list[int] = field(default_factory=list)
    used: float = 0.0

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> FineTuningState:
        """Read what `asdict` gave."""
        names = ("best", "leave_one_out", "phase_best")
        scores = {name: Score(**raw[name]) if raw.get(name) else None for name in names}
        return cls(**{**raw, **scores})

    def record(self, row: dict[str, Any], reached: Score, leave_one_out: Score | None = None) -> bool:
        """Add an epoch; return whether it is the best of the run."""
        self.history.append(row)
        self.seconds[self.phase] += row["seconds"]
        self.epoch = row["epoch"]
        self.waited += 1
        if self.phase_best is None or reached > self.phase_best:
            self.phase_best, self.waited = reached, 0
        if self.best is None or reached > self.best:
            self.best, self.best_here, self.leave_one_out = reached, True, leave_one_out
            return True
        return False

    def set_plan(self, epochs: int) -> None:
        """Note how many epochs the phase gets, 0 where it is left out; those before that were not planned had one."""
        self.plan = [*self.plan, *[1] * (self.phase - len(self.plan)), epochs]

    def next_phase(self) -> None:
        """Begin the next phase."""
        self.phase, self.epoch, self.ended = self.phase + 1, 0, False
        self.best_here, self.phase_best, self.waited = False, None, 0


class TimedStateWriter(StateWriter):
    """Writes with each state how much time the run has taken.

    Args:
        checkpoint: Where it goes.
        budget: Knows the time.
        extra: What else a checkpoint holds.
    """

    def __init__(self, checkpoint: Checkpoint, budget: Budget, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(checkpoint, extra)
        self._budget = budget

    def save(self, state: TrainingState, **arrays: Sequence[np.ndarray] | None) -> None:
        """See `StateWriter`."""
        if isinstance(state, FineTuningState):
            state.used = round(self._budget.used, 3)
        super().save(state, **arrays)
