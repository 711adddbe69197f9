"""Evaluation: how good a model is, where it is wrong, and how far to trust its scores.

Names are imported when they are first used; nothing here needs TensorFlow once the model is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.evaluation._base_result import BaseEvaluation as BaseEvaluation
    from kerastl.evaluation._base_result import Figure as Figure
    from kerastl.evaluation._calibrating import calibrate as calibrate
    from kerastl.evaluation._calibration import Calibration as Calibration
    from kerastl.evaluation._curve_result import CurvePoint as CurvePoint
    from kerastl.evaluation._curve_result import LearningCurve as LearningCurve
    from kerastl.evaluation._curve_result import MoreImages as MoreImages
    from kerastl.evaluation._evaluating import evaluate as evaluate
    from kerastl.evaluation._learning_curve import learning_curve as learning_curve
    from kerastl.evaluation._multilabel_metrics import LabelScores as LabelScores
    from kerastl.evaluation._multilabel_result import LabelMistake as LabelMistake
    from kerastl.evaluation._multilabel_result import LabelSetAnswer as LabelSetAnswer
    from kerastl.evaluation._multilabel_result import MultilabelEvaluation as MultilabelEvaluation
    from kerastl.evaluation._ordinal_result import OrdinalEvaluation as OrdinalEvaluation
    from kerastl.evaluation._predictions import write_predictions as write_predictions
    from kerastl.evaluation._regression_result import NumberAnswer as NumberAnswer
    from kerastl.evaluation._regression_result import RegressionEvaluation as RegressionEvaluation
    from kerastl.evaluation._result import Answer as Answer
    from kerastl.evaluation._result import Evaluation as Evaluation
    from kerastl.evaluation._tree import TreeScores as TreeScores

_MODULES = {
    "Answer": "kerastl.evaluation._result",
    "BaseEvaluation": "kerastl.evaluation._base_result",
    "Calibration": "kerastl.evaluation._calibration",
    "CurvePoint": "kerastl.evaluation._curve_result",
    "Evaluation": "kerastl.evaluation._result",
    "Figure": "kerastl.evaluation._base_result",
    "LearningCurve": "kerastl.evaluation._curve_result",
    "LabelMistake": "kerastl.evaluation._multilabel_result",
    "LabelScores": "kerastl.evaluation._multilabel_metrics",
    "LabelSetAnswer": "kerastl.evaluation._multilabel_result",
    "MoreImages": "kerastl.evaluation._curve_result",
    "MultilabelEvaluation": "kerastl.evaluation._multilabel_result",
    "NumberAnswer": "kerastl.evaluation._regression_result",
    "OrdinalEvaluation": "kerastl.evaluation._ordinal_result",
    "RegressionEvaluation": "kerastl.evaluation._regression_result",
    "TreeScores": "kerastl.evaluation._tree",
    "calibrate": "kerastl.evaluation._calibrating",
    "evaluate": "kerastl.evaluation._evaluating",
    "learning_curve": "kerastl.evaluation._learning_curve",
    "write_predictions": "kerastl.evaluation._predictions",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
