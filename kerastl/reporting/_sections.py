"""Which sections the page has for each task, and what they show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kerastl.evaluation._multilabel_result import MultilabelEvaluation
from kerastl.evaluation._ordinal_result import OrdinalEvaluation
from kerastl.evaluation._regression_result import RegressionEvaluation
from kerastl.evaluation._result import Evaluation
from kerastl.reporting import _charts as charts
from kerastl.reporting import _label_tables as label_tables
from kerastl.reporting import _number_charts as number_charts
from kerastl.reporting import _tables as tables
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Args:
        id: Where links lead, and the id of its element.
        title: Of the link to it.
        template: The file that renders it.
    """

    id: str
    title: str
    template: str


@dataclass(frozen=True)
class TaskSections:
    """What the page shows of a task between what was not counted and what all tasks have.

    Args:
        sections: In their order.
        values: What their templates show, by name.
        wrong: The title of the section of mistakes, what it says where there are none, and before those it shows.
    """

    sections: tuple[Section, ...]
    values: Callable[[Any], dict[str, Any]]
    wrong: tuple[str, str, str]


_CONFIDENT = "The most confident errors"
_WRONG_CLASSES = (
    _CONFIDENT,
    "There is none: every image was recognized.",
    "Wrong answers with the highest scores: look here for wrong labels first.",
)
_CALIBRATION = Section("calibration", "Calibration", "calibration.html")
_CLASSES = (
    Section("confusion", "Confusions", "confusion.html"),
    Section("classes", "Classes", "classes.html"),
    _CALIBRATION,
)


def _of_classes(evaluation: Evaluation) -> dict[str, Any]:
    return {
        "matrix": tables.matrix(evaluation.confusion, evaluation.labels.names),
        "classes": tables.worst_first(evaluation.classes),
        "calibration": _calibration(evaluation),
        "tree": evaluation.tree,
        "scored": ("the score of the best class", "images got such a score"),
    }


def _calibration(evaluation: Evaluation) -> list[charts.ReliabilityChart]:
    if evaluation.temperature == 1:
        return [charts.reliability_chart("Scores against accuracy", evaluation.reliability)]
    return [
        charts.reliability_chart("Before the temperature", evaluation.reliability_before),
        charts.reliability_chart("After the temperature", evaluation.reliability),
    ]


def _of_ordered_classes(evaluation: OrdinalEvaluation) -> dict[str, Any]:
    return {**_of_classes(evaluation), "distances": tables.distances(evaluation.predicted, evaluation.truth)}


def _of_labels(evaluation: MultilabelEvaluation) -> dict[str, Any]:
    return {
        "labels": label_tables.worst_first(evaluation.classes),
        "curves": label_tables.curves(evaluation),
        "together": label_tables.together(evaluation),
        "pairs": [pair for pair in evaluation.pairs if pair.true != pair.given],
        "calibration": [charts.reliability_chart("All labels together", evaluation.reliability)],
        "scored": ("the score of a label", "scores are that high"),
    }


def _of_numbers(evaluation: RegressionEvaluation) -> dict[str, Any]:
    return {
        "scatters": number_charts.scatters(evaluation),
        "drawn": number_charts.drawn(evaluation),
        "parts": evaluation.by_quantile,
    }


TASK_SECTIONS: Mapping[str, TaskSections] = {
    CLASSIFICATION: TaskSections(
        _CLASSES,
        _of_classes,
        _WRONG_CLASSES,
    ),
    ORDINAL: TaskSections(
        (Section("distances", "Distances", "distances.html"), *_CLASSES),
        _of_ordered_classes,
        _WRONG_CLASSES,
    ),
    MULTILABEL: TaskSections(
        (
            Section("labels", "Labels", "labels.html"),
            Section("precision-recall", "Precision and recall", "precision_recall.html"),
            Section("together", "Together", "together.html"),
            _CALIBRATION,
        ),
        _of_labels,
        (
            _CONFIDENT,
            "There is none: every image was given its labels and no other.",
            "What the model was most sure of and is wrong, of each label in turn: look here for wrong labels first.",
        ),
    ),
    REGRESSION: TaskSections(
        (Section("numbers", "Numbers", "numbers.html"), Section("parts", "Small and large", "parts.html")),
        _of_numbers,
        (
            "The largest errors",
            "There is none: every number is exact.",
            "Predicted numbers that are farthest off: look here for wrong ones in the data first.",
        ),
    ),
}
