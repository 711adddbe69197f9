"""How far fine-tuning has come."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kerastl.finetuning._scores import Score
from kerastl.training._state import TrainingState


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

    def next_phase(self) -> None:
        """Begin the next phase."""
        self.phase, self.epoch, self.ended = self.phase + 1, 0, False
        self.best_here, self.phase_best, self.waited = False, None, 0
