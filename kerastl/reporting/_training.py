"""How the model came about, where it is the run folder of `kerastl finetune`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kerastl._classifier import Classifier
from kerastl.errors import DataError
from kerastl.plots import read_history
from kerastl.reporting._charts import CurveChart, curve_charts
from kerastl.training._outputs import HISTORY


@dataclass(frozen=True)
class Training:
    """What is known of a run.

    Args:
        recipe: The recipe's name; empty if unknown.
        why: Why it was chosen; may be empty.
        epochs: The history, a row an epoch.
        charts: Loss and accuracy; none for a single epoch.
    """

    recipe: str
    why: str
    epochs: Sequence[Mapping[str, str]]
    charts: tuple[CurveChart, ...]

    @property
    def only(self) -> Mapping[str, float] | None:
        """The figures of the only epoch, by name; `None` where there are several."""
        if len(self.epochs) != 1:
            return None
        return {name: float(value) for name, value in self.epochs[0].items() if _is_number(value)}


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
    except (DataError, ValueError, KeyError, TypeError):
        return None
    if not history:
        return None
    return Training(str(recipe.get("name", "")), str(recipe.get("why", "")), history, charts)


def _trained(trains: object) -> str:
    """A phase by what it trains: a number counts stages from the top."""
    return f"top {trains}" if isinstance(trains, int) else str(trains)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except (TypeError, ValueError):
        return False
    return True
