"""What training tells people: phases, a line an epoch, and how far the work in between is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from kerastl import _progress as progress
from kerastl._base.keras_import import retracing_unmentioned
from kerastl._base.text import percent
from kerastl._progress import Reporter, Stage, Verbose
from kerastl.tasks._task import FIGURES
from kerastl.training._callback import RunCallback, RunCallbackList

# An epoch that takes longer is told of before its line comes; the first, which compiles, after a second.
_LONG_EPOCH = 10.0
# What scores are from, by the beginning of their columns in the history; the first that is there goes before.
_PARTS = {"val": "val", "loo": "leave-one-out"}


@contextmanager
def listening(
    callbacks: Sequence[RunCallback], verbose: Verbose, form: type[TrainingProgress]
) -> Iterator[RunCallback]:
    """Find who hears what a run does.

    Args:
        callbacks: Hear it after the people.
        verbose: What people are told, see `kerastl._progress.Reporter`; `auto` leaves it to the reporter that
            `kerastl._progress.reporting` has set, if there is one.
        form: Writes the lines.
    """
    reporter = progress.chosen() if verbose == "auto" else None
    with progress.reporting(reporter or Reporter(verbose)) as reporter, retracing_unmentioned(), form(reporter) as told:
        yield RunCallbackList((told, *callbacks))


class TrainingProgress(RunCallback):
    """A callback for people.

    Args:
        reporter: Writes and shows.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._stage: Stage | None = None
        self._epoch = ""
        self._first = True

    def __enter__(self) -> TrainingProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def say(self, text: str) -> None:
        """Write a line."""
        self._reporter.say(text)

    def warn(self, text: str) -> None:
        """Write a line that is marked as a warning."""
        self._reporter.warn(text)

    def phase(self, text: str) -> None:
        """Write a line."""
        self.say(text)
        self._first = True

    def begin(self, what: str, total: int) -> None:
        """Show how far it is."""
        self.end()
        epoch = what.startswith("epoch ")
        patience = _LONG_EPOCH if epoch and not self._first else None
        if epoch:
            self._epoch, self._first = what, False
        self._stage = self._reporter.stage(what, total, brief=epoch, patience=patience)
        self._stage.__enter__()

    def advance(self, steps: int = 1) -> None:
        """Some steps are done."""
        if self._stage is not None:
            self._stage.advance(steps)

    def end(self) -> None:
        """Show it no more."""
        if self._stage is not None:
            self._stage.__exit__(None, None, None)
            self._stage = None

    def epoch(self, row: dict[str, Any]) -> None:
        """Write an epoch's line, of 80 columns at most."""
        title, self._epoch = self._epoch or "solved", ""
        self.say(f"  {title}: {self.line(row)} ({_seconds(row['seconds'])})")
        self._reporter.detail(f"    {self.details(row)}")

    @staticmethod
    def line(row: dict[str, Any]) -> str:
        """The figures of an epoch."""
        training = f"loss {_short(row['loss'])}{_figure(row, '')}"
        for part, name in _PARTS.items():
            if row.get(f"{part}_loss") is not None:
                return f"{training}; {name} {_figures(row, part)}"
        return training

    @staticmethod
    def details(row: dict[str, Any]) -> str:
        """More of them."""
        found = [f"learning rate {row['learning_rate']:.3g}"]
        known = [part for part in ("val", "loo") if row.get(f"{part}_loss") is not None]
        found += [f"{_PARTS[part]} top-5 {percent(row[f'{part}_top5'])}" for part in known[:1] if f"{part}_top5" in row]
        found += [f"{_PARTS[part]} {_figures(row, part)}" for part in known[1:]]
        return ", ".join(found)


class PreTrainingProgress(TrainingProgress):
    """The same for pre-training, whose epochs have other figures."""

    @staticmethod
    def line(row: dict[str, Any]) -> str:
        """The figures of an epoch."""
        known = "" if row["knn_accuracy"] is None else f", neighbors right {percent(row['knn_accuracy'])}"
        return f"loss {_short(row['loss'])}{known}, rank {row['rank']:.1f}"

    @staticmethod
    def details(row: dict[str, Any]) -> str:
        """More of them."""
        return f"learning rate {row['learning_rate']:.3g}, spread {row['spread']:.2f}"


def _figures(row: dict[str, Any], part: str) -> str:
    return f"loss {_short(row[f'{part}_loss'])}{_figure(row, f'{part}_')}"


def _figure(row: dict[str, Any], prefix: str) -> str:
    """The first figure of a row that is known under a name with such a beginning, and what it is."""
    for name, value in row.items():
        figure = FIGURES.get(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if figure is not None and value is not None:
            return f", {figure.short} {figure.text(value)}"
    return ""


def _short(loss: float) -> str:
    """A loss in nine characters at most: `0.123`, `12.35`, `123.4`, `12345`, `2.726e+09`."""
    if loss >= 1e6:  # squared errors of prices
        return f"{loss:.3e}"
    decimals = 3 if loss < 9.9995 else 2 if loss < 99.995 else 1 if loss < 999.95 else 0
    return f"{loss:.{decimals}f}"


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 99.95 else f"{seconds:.0f} s"
