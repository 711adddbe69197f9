"""Evaluation: how good a model is, where it is wrong, and how far to trust its scores.

Names are imported when they are first used; nothing here needs TensorFlow once the model is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.evaluation._calibrating import calibrate as calibrate
    from kerastl.evaluation._calibration import Calibration as Calibration
    from kerastl.evaluation._evaluating import evaluate as evaluate
    from kerastl.evaluation._evaluating import write_predictions as write_predictions
    from kerastl.evaluation._result import Answer as Answer
    from kerastl.evaluation._result import Evaluation as Evaluation
    from kerastl.evaluation._result import Figure as Figure

_MODULES = {
    "Answer": "kerastl.evaluation._result",
    "Calibration": "kerastl.evaluation._calibration",
    "Evaluation": "kerastl.evaluation._result",
    "Figure": "kerastl.evaluation._result",
    "calibrate": "kerastl.evaluation._calibrating",
    "evaluate": "kerastl.evaluation._evaluating",
    "write_predictions": "kerastl.evaluation._evaluating",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
