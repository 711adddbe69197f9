"""What people see of a classifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base import display
from kerastl._base.text import brief
from kerastl.calibration import _temperature as temperature
from kerastl.tasks._task import TASKS

if TYPE_CHECKING:
    from kerastl._classifier import Classifier

# Classes that a notebook names.
_NAMES = 8


def text(classifier: Classifier) -> str:
    """One line."""
    reads = classifier.metadata.reader.describe()
    return f"<Classifier {brief(classifier.name)}: {_tells(classifier)}, {reads}, {_runs_in(classifier)}>"


def _tells(classifier: Classifier) -> str:
    """What it tells of an image."""
    if TASKS[classifier.metadata.task].kind == "number":
        return f"{brief(classifier.labels.names[0])}: a number"
    return f"{len(classifier.labels)} classes"


def html(classifier: Classifier) -> str:
    """A table."""
    names = classifier.labels.names
    classes = f"{len(names):,}: {', '.join(names[:_NAMES])}{' and so on' if len(names) > _NAMES else ''}"
    is_number = TASKS[classifier.metadata.task].kind == "number"
    facts = {
        **({"number": names[0]} if is_number else {"classes": classes}),
        "input": classifier.metadata.reader.describe(),
        "backbone": classifier.metadata.made_from,
        "runs in": _runs_in(classifier),
    }
    if (scale := temperature.of(classifier.metadata)) != 1:
        facts["temperature"] = f"{scale:.3f}"
    return display.facts(facts.items(), caption=f"classifier {classifier.name}")


def _runs_in(classifier: Classifier) -> str:
    precision = classifier.precision
    return classifier.engine if precision == "full" else f"{classifier.engine} in {precision} precision"
