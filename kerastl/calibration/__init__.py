"""How far to trust a score: what is fitted on validation images, kept in the model's file, and applied to answers.

The temperature makes scores mean what they say, conformal sets of classes hold the right one as often as asked for, and
the out-of-distribution score says how unlike the training images an image is; `CalibrationState` keeps what they need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.calibration._state import CalibrationState as CalibrationState

_MODULES = {
    "CalibrationState": "kerastl.calibration._state",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
