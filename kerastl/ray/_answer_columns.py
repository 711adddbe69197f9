"""Answers of a classifier as columns of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kerastl.tasks._task import TASKS

if TYPE_CHECKING:
    from kerastl._classifier import Classifier
    from kerastl.models._labels import Classification

TEXT, NUMBER, TEXTS, NUMBERS = "text", "number", "texts", "numbers"


def answer_columns(answers: Sequence[Classification], classifier: Classifier) -> dict[str, tuple[str, list[Any]]]:
    """Turn answers into columns.

    Args:
        answers: One a row.
        classifier: Whose answers they are.

    Returns:
        A kind of value and the values for each name; the names depend on the model alone.
    """
    if TASKS[classifier.metadata.task].kind == "number":
        numbers = [answer.number for answer in answers]
        columns = {name: (NUMBER, [getattr(n, name, None) for n in numbers]) for name in ("value", "low", "high")}
    else:
        best = [answer.predictions[0] if answer.predictions else None for answer in answers]
        columns = {
            "label": (TEXT, [None if one is None else one.label for one in best]),
            "score": (NUMBER, [None if one is None else one.score for one in best]),
            "labels": (TEXTS, [list(answer.labels) for answer in answers]),
            "scores": (NUMBERS, [[each.score for each in answer.predictions] for answer in answers]),
        }
    return {**columns, "error": (TEXT, [answer.error for answer in answers])}
