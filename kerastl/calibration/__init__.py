"""How far to trust a score: what is fitted on validation images, kept in the model's file, and applied to answers.

The temperature makes scores mean what they say, conformal sets of classes hold the right one as often as asked for, and
the out-of-distribution score says how unlike the training images an image is; `CalibrationState` keeps what they need.
Thresholds say from which score on an image is given a label, where it may have several.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.calibration._state import CalibrationState as CalibrationState
    from kerastl.calibration._thresholds import LabelThreshold as LabelThreshold
    from kerastl.calibration._thresholds import ThresholdAim as ThresholdAim
    from kerastl.calibration._thresholds import Thresholds as Thresholds
    from kerastl.calibration._thresholds import choose_thresholds as choose_thresholds

_MODULES = {
    "CalibrationState": "kerastl.calibration._state",
    "LabelThreshold": "kerastl.calibration._thresholds",
    "ThresholdAim": "kerastl.calibration._thresholds",
    "Thresholds": "kerastl.calibration._thresholds",
    "choose_thresholds": "kerastl.calibration._thresholds",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
