"""Where lines and bars of the page's charts stand, in the units of their SVGs. The templates draw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerastl._base.text import percent
from kerastl._metrics import best_epoch
from kerastl.evaluation._metrics import Reliability
from kerastl.tasks._history import ACCURACY, LOSS, Measure, measure_of

WIDTH, HEIGHT = 360, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 42, 8, 12, 30
_COUNTS = 46  # height of the bars that count images, below a reliability diagram


@dataclass(frozen=True)
class Tick:
    """A number beside an axis, and where it stands."""

    place: float
    text: str


@dataclass(frozen=True)
class Bar:
    """One bin of a reliability diagram.

    Args:
        x: Left edge.
        width: Of the bar.
        top: Of the part that is right; it ends at the chart's floor.
        gap_top: Upper end of the gap between accuracy and mean score.
        gap_height: Its height.
        count_height: Of the bar that counts images.
        text: The numbers, in words.
    """

    x: float
    width: float
    top: float
    gap_top: float
    gap_height: float
    count_height: float
    text: str


@dataclass(frozen=True)
class ReliabilityChart:
    """A reliability diagram (Guo et al. 2017, section 2).

    Args:
        title: What it shows.
        error: The expected calibration error.
        bars: The bins that have images.
        ticks: Of both axes, as (x, y, text).
    """

    title: str
    error: float
    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, float, str], ...]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    floor: float = HEIGHT - _BOTTOM
    counts_floor: float = HEIGHT + _COUNTS
    width: float = WIDTH
    height: float = HEIGHT + _COUNTS + 10


def reliability_chart(title: str, binned: Reliability) -> ReliabilityChart:
    """Lay out a reliability diagram.

    Args:
        title: What it shows.
        binned: Images by their score.
    """
    bars = []
    edges, most = binned.edges, max(int(binned.counts.max()), 1)
    for index in np.flatnonzero(binned.counts):
        left, right = _x(float(edges[index])), _x(float(edges[index + 1]))
        accuracy, score, count = float(binned.accuracy[index]), float(binned.confidence[index]), binned.counts[index]
        images = "1 image" if count == 1 else f"{count:,} images"
        text = f"{images} with a mean score of {percent(score)}: {percent(accuracy)} right"
        top, bottom = sorted((_y(accuracy), _y(score)))
        bars.append(
            Bar(left + 1, right - left - 2, _y(accuracy), top, bottom - top, _COUNTS * float(count) / most, text)
        )
    fractions = [step / 4 for step in range(5)]
    ticks = tuple((_x(fraction), _y(fraction), percent(fraction, 0)) for fraction in fractions)
    return ReliabilityChart(title, binned.error, tuple(bars), ticks)


def _x(fraction: float) -> float:
    return _LEFT + fraction * (WIDTH - _LEFT - _RIGHT)


def _y(fraction: float) -> float:
    return HEIGHT - _BOTTOM - fraction * (HEIGHT - _TOP - _BOTTOM)


@dataclass(frozen=True)
class CurveChart:
    """Training and validation over epochs.

    Args:
        title: What is measured.
        training: The line, as an SVG path.
        validation: The same; empty where there was no validation.
        best: Where the best epoch stands: x, y and the words for it.
        x_ticks: Epochs.
        y_ticks: Values.
        phases: Where each phase begins, and its name; none where there is one phase only.
    """

    title: str
    training: str
    validation: str
    best: tuple[float, float, str] | None
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    phases: tuple[Tick, ...]
    left: float = _LEFT
    right: float = WIDTH - _RIGHT
    top: float = _TOP
    floor: float = HEIGHT - _BOTTOM
    width: float = WIDTH
    height: float = HEIGHT


def curve_charts(history: Sequence[Mapping[str, Any]], phases: Sequence[str]) -> tuple[CurveChart, ...]:
    """Lay out the loss, and the accuracy or what its task compares epochs by.

    Args:
        history: One mapping an epoch, two or more; what `kerastl.plots.read_history` gives.
        phases: The names of the phases 1, 2 and so on.
    """
    own = measure_of({name for row in history for name in row}) or ACCURACY
    best = best_epoch(history, own.figure)
    return tuple(_curve_chart(history, phases, measure, best) for measure in (LOSS, own))


def _curve_chart(
    history: Sequence[Mapping[str, Any]], phases: Sequence[str], measure: Measure, best: int | None
) -> CurveChart:
    training, validation = (_column(history, name) for name in (measure.training, f"val_{measure.name}"))
    known = np.concatenate([training, validation])
    values = ticks(known[np.isfinite(known)], 5)
    low, high = float(values[0]), float(values[-1])

    def x(epoch: float) -> float:
        return _x((epoch - 1) / max(len(history) - 1, 1))

    def y(value: float) -> float:
        return _y((value - low) / (high - low))

    epochs = [int(epoch) for epoch in ticks(np.array([1, len(history)]), 7, whole=True) if 1 <= epoch <= len(history)]
    return CurveChart(
        measure.label,
        _path(training, x, y),
        _path(validation, x, y),
        _best(best, validation, measure, x, y),
        tuple(Tick(x(epoch), str(epoch)) for epoch in epochs),
        tuple(Tick(y(float(value)), measure.tick(float(value))) for value in values),
        _phases(history, phases, x),
    )


def _column(history: Sequence[Mapping[str, Any]], name: str) -> np.ndarray:
    return np.array([float(value) if (value := row.get(name)) not in (None, "") else np.nan for row in history])


def ticks(values: np.ndarray, most: int, *, whole: bool = False) -> np.ndarray:
    """Round numbers that span the values; two at least."""
    from matplotlib.ticker import MaxNLocator

    if not len(values):
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5
    return np.asarray(MaxNLocator(most, integer=whole).tick_values(low, high))


def _path(values: np.ndarray, x: Any, y: Any) -> str:
    """A line with gaps where a value is missing; a point alone becomes a dot."""
    words, pen_down = [], False
    for epoch, value in enumerate(values.tolist(), start=1):
        if np.isfinite(value):
            words.append(f"{'L' if pen_down else 'M'}{x(epoch):.1f} {y(value):.1f}" + ("" if pen_down else "h0"))
        pen_down = bool(np.isfinite(value))
    return "".join(words)


def _best(
    best: int | None, validation: np.ndarray, measure: Measure, x: Any, y: Any
) -> tuple[float, float, str] | None:
    if best is None or not np.isfinite(validation[best]):
        return None
    value = float(validation[best])
    return x(best + 1), y(value), f"kept: {measure.text(value)} in epoch {best + 1}"


def _phases(history: Sequence[Mapping[str, Any]], names: Sequence[str], x: Any) -> tuple[Tick, ...]:
    numbers = [str(row.get("phase") or "") for row in history]
    starts = [n for n, number in enumerate(numbers) if n == 0 or number != numbers[n - 1]]
    if len(starts) < 2:
        return ()
    return tuple(Tick(_x(0) if n == 0 else x(n + 0.5), _phase_name(numbers[n], names)) for n in starts)


def _phase_name(number: str, names: Sequence[str]) -> str:
    known = number.isdigit() and 1 <= int(number) <= len(names)
    return names[int(number) - 1] if known else f"phase {number}"
