"""Evaluation: how good a model is, where it is wrong, and how far to trust its scores.

Names are imported when they are first used; nothing here needs TensorFlow once the model is compiled.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastl.evaluation.calibrating import Calibration as Calibration
    from kerastl.evaluation.calibrating import calibrate as calibrate
    from kerastl.evaluation.evaluating import evaluate as evaluate
    from kerastl.evaluation.prediction_table import write_predictions as write_predictions
    from kerastl.evaluation.result import Answer as Answer
    from kerastl.evaluation.result import Evaluation as Evaluation
    from kerastl.evaluation.result import Figure as Figure

_HOMES = {
    "Answer": "result",
    "Calibration": "calibrating",
    "Evaluation": "result",
    "Figure": "result",
    "calibrate": "calibrating",
    "evaluate": "evaluating",
    "write_predictions": "prediction_table",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
