"""Which evaluation a task asks for."""

from __future__ import annotations

from collections.abc import Mapping

from kerastl.evaluation._base_result import BaseEvaluation
from kerastl.evaluation._multilabel_result import MultilabelEvaluation
from kerastl.evaluation._ordinal_result import OrdinalEvaluation
from kerastl.evaluation._regression_result import RegressionEvaluation
from kerastl.evaluation._result import Evaluation

_KINDS: tuple[type[BaseEvaluation], ...] = (
    Evaluation, MultilabelEvaluation, OrdinalEvaluation, RegressionEvaluation
)  # fmt: skip
RESULTS: Mapping[str, type[BaseEvaluation]] = {kind.task: kind for kind in _KINDS}
"""By the name of the task, as in `kerastl.tasks.TASKS`."""
