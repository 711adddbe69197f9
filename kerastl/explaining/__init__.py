"""Why a network answers as it does: maps that show which pixels count for a class.

`gradcam` is quick and coarse: the region that counts for the class. `idgi` is fine: the pixels that matter, for or
against. `integrated-gradients` is the classic that says which way each pixel counts, and noisy. `occlusion` covers one
place after the other and needs nothing but the answers. They are entries of `METHODS`, to which other packages add.

Nothing here loads Keras or matplotlib before a map or a figure is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.explaining._explainer import Explainer as Explainer
    from kerastl.explaining._explanation import Explanation as Explanation
    from kerastl.explaining._methods import METHODS as METHODS
    from kerastl.explaining._methods import ExplanationMethod as ExplanationMethod
    from kerastl.explaining._methods import register_method as register_method

_MODULES = {
    "Explainer": "kerastl.explaining._explainer",
    "Explanation": "kerastl.explaining._explanation",
    "ExplanationMethod": "kerastl.explaining._methods",
    "METHODS": "kerastl.explaining._methods",
    "register_method": "kerastl.explaining._methods",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
