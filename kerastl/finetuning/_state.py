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

# A loss that is lower by no more is the same but for rounding.
_ROUNDING = 1e-6


@dataclass
class PhaseRecord:
    """What was decided in a phase that is compared with what it started from.

    Args:
        learning_rate: The highest, where a range test has found one; None where the recipe's is taken.
        restarts: How often it was begun again with half the rate.
        harmful: Whether it has to be, since its first epochs are clearly worse than its start.
        behind: Epochs in a row that are clearly worse.
        outcome: What came of it, in words; empty before its end.
        fraction: How far the weights that are kept lie on the way from the start to those that were reached.
    """

    learning_rate: float | None = None
    restarts: int = 0
    harmful: bool = False
    behind: int = 0
    outcome: str = ""
    fraction: float | None = None

    def begin_again(self) -> None:
        """Note a restart."""
        self.restarts, self.harmful, self.behind = self.restarts + 1, False, 0


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
        records: Of each phase that has one, by its number from 1, as text.
        warnings: What is doubtful about the best weights, one line each.
        failure: Why they are worth nothing; empty where they are worth something.
        plan: Epochs of each phase that has been planned into a budget of time; 0 where it is left out.
        used: Seconds that the run had taken when the state was written.
        refitted: Whether the head was solved once more on all images, those that had been held back too.
        extras: What the answers of the best weights say beside, for the metadata, such as thresholds of labels.
    """

    phase: int = 0
    ended: bool = False
    best: Score | None = None
    leave_one_out: Score | None = None
    best_here: bool = False
    phase_best: Score | None = None
    waited: int = 0
    seconds: list[float] = field(default_factory=list)
    records: dict[str, PhaseRecord] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    failure: str = ""
    plan: list[int] = field(default_factory=list)
    used: float = 0.0
    refitted: bool = False
    extras: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, raw: dict[str, Any]) -> FineTuningState:
        """Read what `asdict` gave."""
        names = ("best", "leave_one_out", "phase_best")
        scores = {name: Score.from_dict(raw[name]) if raw.get(name) else None for name in names}
        records = {number: PhaseRecord(**record) for number, record in raw.get("records", {}).items()}
        return cls(**{**raw, **scores, "records": records})

    @property
    def phase_record(self) -> PhaseRecord:
        """That of the phase under way."""
        return self.records.setdefault(str(self.phase + 1), PhaseRecord())

    def record(self, row: dict[str, Any], reached: Score, leave_one_out: Score | None = None) -> bool:
        """Add an epoch; return whether it is the best of the run."""
        self._add(row)
        if self.phase_best is None or reached > self.phase_best:
            self.phase_best, self.waited = reached, 0
        if self.best is None or reached > self.best:
            self.best, self.best_here, self.leave_one_out = reached, True, leave_one_out
            self.keep(len(self.history) - 1)
            return True
        return False

    def record_candidate(self, row: dict[str, Any], reached: Score) -> bool:
        """Add an epoch of a phase that is judged at its end; return whether it is the best of the phase.

        Patience counts from the start of the phase, and against the best of the run.
        """
        self._add(row)
        best = self.phase_best is None or reached > self.phase_best
        if best and (self.best is None or _beats(reached, self.best)):
            self.waited = 0
        if best:
            self.phase_best, self.best_here = reached, True
        return best

    def _add(self, row: dict[str, Any]) -> None:
        self.history.append(row)
        self.seconds[self.phase] += row["seconds"]
        self.epoch = row["epoch"]
        self.waited += 1

    def keep(self, place: int) -> None:
        """Mark the epoch whose weights are kept, by its place in the history."""
        for number, row in enumerate(self.history):
            row["kept"] = 1 if number == place else None

    def restart_phase(self) -> None:
        """Begin the phase under way anew; its epochs so far stay in the history."""
        self.phase_record.begin_again()
        self.epoch, self.ended, self.best_here, self.phase_best, self.waited = 0, False, False, None, 0

    def set_plan(self, epochs: int) -> None:
        """Note how many epochs the phase gets, 0 where it is left out; those before that were not planned had one."""
        self.plan = [*self.plan, *[1] * (self.phase - len(self.plan)), epochs]

    def next_phase(self) -> None:
        """Begin the next phase."""
        self.phase, self.epoch, self.ended = self.phase + 1, 0, False
        self.best_here, self.phase_best, self.waited = False, None, 0


def _beats(reached: Score, best: Score) -> bool:
    """Whether a score is better by more than rounding."""
    return reached > best and (reached.goodness > best.goodness or best.loss - reached.loss > _ROUNDING)


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
