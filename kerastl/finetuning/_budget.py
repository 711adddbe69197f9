"""How much time a run may take, and how many epochs of a phase fit into it. No Keras in here."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kerastl.errors import UsageError
from kerastl.finetuning._phase import Phase

_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(h|min|m|s)")
_SECONDS = {"h": 3600.0, "min": 60.0, "m": 60.0, "s": 1.0}
# Of the time that is left, what epochs are planned into; the rest is for what was measured too short.
_PLANNED = 0.9
# A phase goes beyond the budget by no more than this fraction of it; then it ends after the epoch.
_OVERRUN = 0.1
# A shortened phase warms up in this fraction of its epochs, where it did so for as long or longer.
_SHORTEST_WARMUP = 0.25


def seconds_of(budget: str | float | None) -> float | None:
    """Read a budget: `"10m"`, `"1h30m"`, `"90s"`, or a number of seconds.

    Raises:
        UsageError: It is none, or not above zero.
    """
    if budget is None:
        return None
    seconds = _read(budget)
    if not (math.isfinite(seconds) and seconds > 0):
        raise UsageError(f"budget must be a time such as 10m, 90s or 1h30m, or seconds. Received: budget={budget!r}")
    return seconds


def _read(budget: object) -> float:
    if isinstance(budget, bool) or not isinstance(budget, str | int | float):
        return math.nan
    text = str(budget).strip().lower().replace(" ", "")
    try:
        return float(text)
    except ValueError:
        parts = _PART.findall(text)
        whole = "".join(number + unit for number, unit in parts)
        return sum(float(number) * _SECONDS[unit] for number, unit in parts) if whole == text else math.nan


class OutOfTime(Exception):  # noqa: N818 - a phase is left out, nothing went wrong
    """What was begun would take longer than there is time.

    Args:
        seconds: How long it would take.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Budget:
    """The time of a run: what it may take, and what it has taken.

    Args:
        seconds: It may take, from its beginning to its end; None is as long as it likes.
        started: When this process began with it, by `clock`; None is now.
        clock: Gives seconds.

    """

    def __init__(
        self, seconds: float | None = None, started: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.seconds = math.inf if seconds is None else seconds
        self.earlier = 0.0
        """Seconds that processes before this one have taken."""
        self._clock = clock
        self._started = clock() if started is None else started

    @property
    def limited(self) -> bool:
        """Whether there is a limit."""
        return math.isfinite(self.seconds)

    @property
    def used(self) -> float:
        """Seconds that the run has taken so far."""
        return self.earlier + self._clock() - self._started

    @property
    def left(self) -> float:
        """Seconds that it may still take; infinite without a limit, below zero where it is beyond."""
        return self.seconds - self.used

    def is_overdrawn(self, epoch_seconds: float) -> bool:
        """Whether one more epoch would take the run well beyond its limit."""
        return self.limited and self.left + self.seconds * _OVERRUN < epoch_seconds


@dataclass(frozen=True)
class PhaseTime:
    """The time that one phase may take of a run's.

    Args:
        budget: Of the run.
        features: Seconds that the features of the phase took, which are there.
        later: The phases after it.

    Example:
        >>> from kerastl.finetuning import Phase
        >>> from kerastl.finetuning._budget import Budget, PhaseTime
        >>> budget = Budget(100.0, started=0.0, clock=lambda: 40.0)
        >>> PhaseTime(budget, 5.0, [Phase(epochs=5)]).epochs(Phase(epochs=10), epoch=6.0)
        6
    """

    budget: Budget
    features: float
    later: Sequence[Phase]

    def epochs(self, phase: Phase, epoch: float, compiling: float = 0.0, *, needed: bool = False) -> int:
        """Say how many epochs of the phase fit.

        Phases that train by gradient steps share what is left by the number of their epochs. Those whose features
        would have no time, if they take as long as those of this phase, leave theirs to it.

        Args:
            phase: About to train.
            epoch: Seconds that one takes, with validation.
            compiling: Seconds that it takes to train with another number of epochs than the phase wants.
            needed: Whether nothing has been reached so far, so that it has to have one.

        Returns:
            From 1 to those that the phase wants.

        Raises:
            OutOfTime: Not even one fits.
        """
        left = self.budget.left * _PLANNED
        if not math.isfinite(left):
            return phase.epochs
        rivals = [other.epochs for other in self.later if other.solver == "gradient"]
        able = math.floor(max(left, 0) / 2 / self.features) if self.features > 0 else len(rivals)
        share = phase.epochs / (phase.epochs + sum(rivals[:able]))
        if phase.epochs * epoch <= left * share:
            return phase.epochs
        left -= compiling
        if epoch > left and not needed:
            raise OutOfTime(epoch + compiling)
        return min(phase.epochs, max(1, math.floor(left * share / epoch)))


def shortened(phase: Phase, epochs: int) -> Phase:
    """A phase of fewer epochs, its schedule with it: it still warms up, and still ends where the schedule ends.

    Args:
        phase: As the recipe has it.
        epochs: At least 1; with as many as it has, or more, it stays as it is.

    Example:
        >>> from kerastl.finetuning import Phase
        >>> from kerastl.finetuning._budget import shortened
        >>> short = shortened(Phase(epochs=20, warmup=1.0, schedule="cosine"), 2)
        >>> short.epochs, short.warmup
        (2, 0.5)
    """
    if phase.solver != "gradient" or epochs >= phase.epochs:
        return phase
    fraction = max(_SHORTEST_WARMUP, phase.warmup / phase.epochs)
    return replace(phase, epochs=epochs, warmup=min(phase.warmup, fraction * epochs))


def described(budget: Budget, plan: Sequence[int]) -> dict[str, object] | None:
    """What `metrics.json` says of the budget: its seconds, those used, and the epochs that were planned."""
    if not budget.limited:
        return None
    return {"seconds": budget.seconds, "used": round(budget.used, 3), "planned_epochs": list(plan)}
