"""What to know of a model's answers beside how good they are, for its README and the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from kerastl._base.text import measured, percent
from kerastl.calibration import _intervals as intervals
from kerastl.calibration._thresholds import Thresholds
from kerastl.models._metadata import Metadata
from kerastl.tasks._task import MULTILABEL, REGRESSION

# Labels that are named; metadata hold all.
_MOST = 5


def answer_facts(metadata: Metadata) -> list[str]:
    """From which scores on labels are given, or how wide intervals are: one line each; none for models of classes."""
    found = _FACTS.get(metadata.task)
    return [] if found is None else list(found(metadata))


def _on_thresholds(metadata: Metadata) -> Iterator[str]:
    chosen = Thresholds.read(metadata)
    if chosen is None:
        return
    what = "validation images" if chosen.kind == "validation" else "images by leave-one-out"
    yield f"labels are given from thresholds on, chosen for {chosen.aim} on {chosen.labels[0].images:,} {what}"
    notes = chosen.notes()
    yield from notes[:_MOST]
    if len(notes) > _MOST:
        yield f"and {len(notes) - _MOST:,} more labels whose threshold does not reach that"


def _on_intervals(metadata: Metadata) -> Iterator[str]:
    if (found := intervals.of(metadata)) is not None:
        coverage, half_width = found
        yield f"intervals of {measured(half_width)} to either side are to hold {percent(coverage, 0)} of the numbers"


_FACTS: Mapping[str, Callable[[Metadata], Iterator[str]]] = {
    MULTILABEL: _on_thresholds,
    REGRESSION: _on_intervals,
}
