"""How the model came about, where it is the run folder of `kerastl finetune`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kerastl._classifier import Classifier
from kerastl.errors import DataError
from kerastl.finetuning._kept_classes import class_rows, fared
from kerastl.finetuning._search_results import HEADS, Tried, search_summary
from kerastl.plots import read_history
from kerastl.reporting._charts import CurveChart, curve_charts
from kerastl.tasks._history import ACCURACY, LOSS, Measure, measure_of
from kerastl.training._outputs import HISTORY

_HELD_OUT = {"val": "Validation", "loo": "Leave-one-out"}


@dataclass(frozen=True)
class Training:
    """What is known of a run.

    Args:
        recipe: The recipe's name; empty if unknown.
        why: Why it was chosen; may be empty.
        epochs: The history, a row an epoch.
        charts: Loss and accuracy; none for a single epoch.
        chosen_by_validation: Whether the validation images chose among the epochs.
        tried: Rows of cells of the networks that there were to choose among, under `kerastl.finetuning`'s headings.
        kept: How the classes of an earlier run fared, where they were kept; empty where there are none.
        kept_rows: Each of them: name, images, and what was right before and is after.
    """

    recipe: str
    why: str
    epochs: Sequence[Mapping[str, str]]
    charts: tuple[CurveChart, ...]
    chosen_by_validation: bool = False
    tried: Sequence[Sequence[str]] = ()
    kept: str = ""
    kept_rows: Sequence[Sequence[str]] = ()

    @property
    def only(self) -> Mapping[str, float] | None:
        """The figures of the only epoch, by name; `None` where there are several."""
        if len(self.epochs) != 1:
            return None
        return {name: float(value) for name, value in self.epochs[0].items() if _is_number(value)}

    @property
    def only_rows(self) -> list[tuple[str, str, str]]:
        """What the only epoch reached on which images: their name, the loss and the figure of the task, as text."""
        only, own = self.only or {}, self.measure
        columns = [("Training", "loss", own.training)]
        columns += [(name, f"{part}_loss", f"{part}_{own.name}") for part, name in _HELD_OUT.items()]
        return [
            (name, LOSS.text(only[loss]), own.text(only[figure]) if figure in only else "")
            for name, loss, figure in columns
            if loss in only and (figure in only or not figure)
        ]

    @property
    def measure(self) -> Measure:
        """What its epochs are compared by."""
        return measure_of(self.epochs[0]) or ACCURACY


def training(classifier: Classifier) -> Training | None:
    """Read the history beside a model; `None` where there is none that can be read."""
    file = classifier.file.parent / HISTORY
    if not file.is_file():
        return None
    try:
        history = read_history(file)
        recipe = classifier.metadata.extra.get("recipe") or {}
        names = [_trained(phase["trains"]) for phase in recipe.get("phases", ())]
        charts = curve_charts(history, names) if len(history) > 1 else ()
        chosen = (classifier.metadata.extra.get("metrics") or {}).get("chosen_by_validation") is True
    except (DataError, ValueError, KeyError, TypeError, AttributeError):
        return None
    if not history:
        return None
    tried, kept = tried_beside(file.parent), _kept(classifier)
    return Training(str(recipe.get("name", "")), str(recipe.get("why", "")), history, charts, chosen, tried, *kept)


def _kept(classifier: Classifier) -> tuple[str, Sequence[Sequence[str]]]:
    """How the classes of an earlier run fared, in a line and class by class; nothing where that cannot be read."""
    try:
        kept = classifier.metadata.extra["metrics"]["kept_classes"]
        return fared(kept), class_rows(kept)
    except (KeyError, TypeError, ValueError, AttributeError):
        return "", []


def tried_beside(folder: Path) -> list[Sequence[str]]:
    """The table of a search beside a model, its headings first; empty where there was none."""
    found = search_summary(folder)
    if found is None:
        return []
    return [HEADS, *(Tried(**row).cells() for row in found["tried"])]


def _trained(trains: object) -> str:
    """A phase by what it trains: a number counts stages from the top."""
    return f"top {trains}" if isinstance(trains, int) else str(trains)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True
