"""What a search among networks has found, as `search.json` holds it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastl._base import files
from kerastl._base.text import brief, message, percent
from kerastl._metrics import wilson_interval
from kerastl._progress.lines import duration
from kerastl.errors import UsageError
from kerastl.finetuning._scores import Score

if TYPE_CHECKING:
    from kerastl.finetuning._candidates import Candidate, Probe

SEARCH = "search.json"
_LARGEST = 1 << 20  # bytes of that file


@dataclass(frozen=True)
class Tried:
    """What is known of a candidate: a row of `search.json`.

    Args:
        model: Its name.
        input_size: As asked for.
        pixels: Height and width that it gets.
        images: That it was last probed on; 0 where it was not.
        accuracy: By leave-one-out.
        interval: Where that may lie with 95 % confidence.
        loss: Mean cross entropy of the same answers, in nats.
        images_per_second: That it reads and computes on this machine.
        parameters: Without a head.
        megabytes: Of them.
        seconds: That probing it took.
        error: Why it could not be probed; empty where it was.
    """

    model: str
    input_size: int | None
    pixels: int | None = None
    images: int = 0
    accuracy: float | None = None
    interval: Sequence[float] = ()
    loss: float | None = None
    images_per_second: float | None = None
    parameters: int | None = None
    megabytes: float | None = None
    seconds: float = 0.0
    error: str = ""

    @classmethod
    def of(cls, probe: Probe, reached: Score) -> Tried:
        """What a probe has found."""
        low, high = wilson_interval(round(reached.accuracy * reached.groups), reached.groups)
        return cls(
            probe.candidate.name,
            probe.candidate.input_size,
            probe.input_size,
            reached.images,
            reached.accuracy,
            (low, high),
            reached.loss,
            round(1 / max(probe.seconds_per_image, 1e-9), 1),
            probe.parameters,
            round(probe.parameters * 4 / 1e6, 1),
            round(probe.seconds, 3),
        )

    @classmethod
    def failed(cls, candidate: Candidate, error: Exception) -> Tried:
        """A candidate that could not be probed."""
        reason = message(" ".join(str(error).split()))
        return cls(candidate.name, candidate.input_size, error=reason or type(error).__name__)

    @property
    def rank(self) -> tuple[float, ...]:
        """Larger is better: what was probed on more images, and then more accurate."""
        if self.accuracy is None or self.loss is None:
            return (-1.0, 0.0, 0.0)
        return (float(self.images), self.accuracy, -self.loss)

    def line(self) -> str:
        """The row for people, in less than 80 columns where the name is no long one."""
        name = brief(self.model) + (
            f" at {self.pixels or self.input_size} px" if self.pixels or self.input_size else ""
        )
        if self.accuracy is None:
            return message(f"{name}: {self.error}")
        low, high = (round(100 * end) for end in self.interval)
        return (
            f"{name}: {percent(self.accuracy)} ({low} to {high}) of {self.images:,}; "
            f"{self.images_per_second:.0f} images/s, {self.megabytes:.0f} MB, {duration(self.seconds)}"
        )


def described(among: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Candidates as JSON values."""
    return [{"model": one.name, "input_size": one.input_size} for one in among]


def read(file: Path) -> dict[str, Any] | None:
    """Read a `search.json`; None where there is none that kerastl has written."""
    try:
        found = json.loads(files.read_regular(file, _LARGEST))
        rows = [row for one in found["rounds"] for row in one["found"].values()]
        for row in rows:
            Tried(**row).line()
        if not isinstance(found["candidates"], list) or not math.isfinite(float(found["used"])):
            return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return found


def chosen_before(folder: Path, among: Sequence[Candidate]) -> Candidate:
    """The candidate that a run was begun with which goes on.

    Raises:
        UsageError: It was begun with others.
    """
    stored = read(folder / SEARCH) or {}
    chosen = stored.get("chosen")
    for candidate in among:
        if stored.get("candidates") == described(among) and described([candidate]) == [chosen]:
            return candidate
    raise UsageError("the run was not begun with these networks to choose among; --overwrite starts anew")


def search_summary(folder: Path) -> Mapping[str, Any] | None:
    """What `metrics.json` says of a search: how many there were to choose among, and by what."""
    stored = read(folder / SEARCH)
    if stored is None or not stored.get("chosen"):
        return None
    return {"chosen_among": len(stored["candidates"]), "by": stored["by"], "tried": stored["tried"]}
