"""How labels are written: what they are, and what stands between several."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from kerastl.data._layouts.class_names import SeveralLabels, class_name, is_list
from kerastl.errors import UsageError
from kerastl.tasks._label_text import SEPARATOR, join_labels, split_labels
from kerastl.tasks._task import CLASSIFICATION, MULTILABEL, ORDINAL, REGRESSION, TASKS, Task

NUMBER = "number"
"""What a number is called that no column names."""
_LONGEST_SEPARATOR = 10


@dataclass(frozen=True)
class LabelFormat:
    """How labels are written; what is None is found.

    Args:
        task: A name of `kerastl.tasks.TASKS`.
        separator: What stands between the labels of a cell.
        order: The classes, from the lowest to the highest.
        target: The column of a table that holds the number.
        usual_separator: What stands between labels if it is there, where `separator` does not say.
        usual_target: The column that holds the number if there is one of that name, where `target` does not say.

    Raises:
        UsageError: There is no such task, or it has no several labels to separate, no order or no number.
    """

    task: str | None = None
    separator: str | None = None
    order: tuple[str, ...] | None = None
    target: str | None = None
    usual_separator: str | None = None
    usual_target: str | None = None

    def __post_init__(self) -> None:
        if self.task is not None:
            _ = TASKS[self.task]
        for name, value, task in (("order", self.order, ORDINAL), ("target", self.target, REGRESSION)):
            if value is not None and self.resolved.name != task:
                raise UsageError(f"{name} is for task {task}. Received: task={self.resolved.name!r}")
        if self.separator is None:
            return
        if not 0 < len(self.separator) <= _LONGEST_SEPARATOR:
            raise UsageError(
                f"label_separator must have 1 to {_LONGEST_SEPARATOR} letters. Received: {self.separator!r}"
            )
        if self.task not in (None, MULTILABEL):
            raise UsageError(f"label_separator is for task {MULTILABEL}. Received: task={self.task!r}")

    @property
    def resolved(self) -> Task:
        """The task: classification where nothing says something else."""
        asked = {MULTILABEL: self.separator, ORDINAL: self.order, REGRESSION: self.target}
        implied = next((task for task, value in asked.items() if value is not None), CLASSIFICATION)
        return TASKS[self.task or implied]

    @property
    def several(self) -> bool:
        """Whether an image has any number of labels."""
        return self.resolved.kind == "indicators"

    @property
    def told(self) -> bool:
        """Whether the task is asked for."""
        return self != UNTOLD


UNTOLD = LabelFormat()
"""Nothing is asked for."""


def label_format(
    task: str | None, separator: str | None, order: Sequence[str] | None, target: str | None
) -> LabelFormat:
    """Make one of what was asked for; see `LabelFormat`."""
    if isinstance(order, str):
        raise UsageError(f"order must be a list of names, from the lowest to the highest. Received: {order!r}")
    return LabelFormat(task, separator, None if order is None else tuple(order), target)


def format_of(task: str, classes: Sequence[str], separator: str | None = None) -> LabelFormat:
    """How labels are written that are to be compared with a model, or with a run that goes on.

    Args:
        task: What the model tells.
        classes: Its classes, in the order of its outputs.
        separator: What stands between the labels of a cell; None finds it.

    Example:
        >>> from kerastl.data._layouts.label_format import format_of
        >>> format_of("regression", ["age"]).target
        'age'
    """
    order = tuple(classes) if task == ORDINAL else None
    target = classes[0] if task == REGRESSION and classes[0] != NUMBER else None
    return LabelFormat(task, separator, order, target)


def labels_in(cell: str, separator: str) -> str:
    """The labels of a cell, `cat|dog` or a list as Python writes it, as an `Item` has them."""
    names = ast.literal_eval(cell) if is_list(cell) else split_labels(cell, separator)
    return join_labels(filter(None, map(class_name, map(str, names))))


def find_separator(cells: Sequence[str]) -> str:
    """What stands between labels in the cells of a column: `|` unless another is there, whose parts are labels, too."""
    if not any(SEPARATOR in cell for cell in cells):
        several = SeveralLabels(cells)
        if (found := several.separator(several.found()[0])) is not None:
            return found
    return SEPARATOR
