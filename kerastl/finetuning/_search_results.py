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
from kerastl.images._input_size import InputSize, size_text

if TYPE_CHECKING:
    from kerastl.finetuning._candidates import Candidate, Probe

SEARCH = "search.json"
HEADS = ("network", "right", "95 % sure", "images", "images/s", "MB", "time")
_LARGEST = 1 << 20  # bytes of that file


@dataclass(frozen=True)
class Tried:
    """What is known of a candidate: a row of `search.json`.

    Args:
        model: Its name.
        input_size: As asked for.
        pixels: Height and width that it gets.
        images: That it was last probed on; 0 where it was not.
        accuracy: By leave-one-out; None where the task has none.
        interval: Where that may lie with 95 % confidence.
        loss: Mean cross entropy of the same answers, in nats.
        images_per_second: That it reads and computes on this machine.
        parameters: Without a head.
        megabytes: Of them.
        seconds: That probing it took.
        error: Why it could not be probed; empty where it was.
        goodness: The figure of another task than classification; minus it, where that is an error.
    """

    model: str
    input_size: InputSize | None
    pixels: InputSize | None = None
    images: int = 0
    accuracy: float | None = None
    interval: Sequence[float] = ()
    loss: float | None = None
    images_per_second: float | None = None
    parameters: int | None = None
    megabytes: float | None = None
    seconds: float = 0.0
    error: str = ""
    goodness: float | None = None

    @classmethod
    def of(cls, probe: Probe, reached: Score) -> Tried:
        """What a probe has found."""
        accuracy = reached.figures.get("accuracy")
        interval: Sequence[float] = ()
        if accuracy is not None:
            interval = wilson_interval(round(accuracy * reached.groups), reached.groups)
        return cls(
            probe.candidate.name,
            probe.candidate.input_size,
            probe.input_size,
            reached.images,
            accuracy,
            interval,
            reached.loss,
            round(1 / max(probe.seconds_per_image, 1e-9), 1),
            probe.parameters,
            round(probe.parameters * 4 / 1e6, 1),
            round(probe.seconds, 3),
            goodness=None if reached.goodness == accuracy else reached.goodness,
        )

    @classmethod
    def failed(cls, candidate: Candidate, error: Exception) -> Tried:
        """A candidate that could not be probed."""
        reason = message(" ".join(str(error).split()))
        return cls(candidate.name, candidate.input_size, error=reason or type(error).__name__)

    @property
    def rank(self) -> tuple[float, ...]:
        """Larger is better: what was probed on more images, and then more accurate."""
        if (known := self._known) is None or self.loss is None:
            return (-1.0, 0.0, 0.0)
        return (float(self.images), known, -self.loss)

    @property
    def _known(self) -> float | None:
        """How good it is."""
        return self.accuracy if self.goodness is None else self.goodness

    def _shown(self) -> tuple[str, str]:
        """How good it is, and how sure that is, for people."""
        if self.goodness is not None or self.accuracy is None:  # an error counts with a minus
            return f"{abs(self.goodness or 0.0):.4g}", ""
        low, high = (round(100 * end) for end in self.interval)
        return percent(self.accuracy), f"{low} to {high}"

    @property
    def label(self) -> str:
        """The name with the size."""
        return label(self.model, self.pixels or self.input_size)

    def cells(self) -> tuple[str, ...]:
        """What was found, as a row under `HEADS`."""
        if self._known is None:
            return (self.label, "left out")
        value, sure = self._shown()
        return (
            self.label,
            value,
            f"{sure} %" if sure else "",
            f"{self.images:,}",
            f"{self.images_per_second:,.0f}",
            f"{self.megabytes:,.0f}",
            duration(self.seconds),
        )

    def line(self) -> str:
        """What was found, in a line of less than 80 columns where the name is no long one."""
        name = self.label
        if self._known is None:
            return message(f"{name}: {self.error}")
        value, sure = self._shown()
        return (
            f"{name}: {value}{f' ({sure})' if sure else ''} of {self.images:,}; "
            f"{self.images_per_second:.0f} images/s, {self.megabytes:.0f} MB, {duration(self.seconds)}"
        )


def label(model: str, pixels: InputSize | None) -> str:
    """A network at a size, for people."""
    return brief(model) + (f" at {size_text(pixels)} px" if pixels else "")


def in_columns(rows: Sequence[Tried], width: int) -> list[str]:
    """The lines of a table; the last columns are left out where it would be wider than so many letters."""
    cells = [HEADS, *(row.cells() for row in rows)]
    widths = [max(len(row[column]) for row in cells if column < len(row)) for column in range(len(HEADS))]
    kept = [column for column in range(len(HEADS)) if column < 2 or sum(widths[: column + 1]) + 2 * column + 2 <= width]
    lines = []
    for row in cells:
        shown = [row[column].rjust(widths[column]) for column in kept[1:] if column < len(row)]
        lines.append("  ".join(["", row[0].ljust(widths[0]), *shown]))
    return lines


def described(among: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Candidates as JSON values."""
    return [one.described() for one in among]


def read(file: Path) -> dict[str, Any] | None:
    """Read a `search.json`; None where there is none that kerastl has written."""
    try:
        found = json.loads(files.read_regular(file, _LARGEST))
        rows = [*found["tried"], *(row for one in found["rounds"] for row in one["found"].values())]
        for tried in (Tried(**row) for row in rows):
            _ = tried.line(), tried.cells(), tried.rank
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
    compared = sum(not row["error"] for row in stored["tried"])
    return {"chosen_among": compared, "by": stored["by"], "tried": stored["tried"]}
