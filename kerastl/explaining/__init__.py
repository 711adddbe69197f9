"""Why a network answers as it does: maps that show which pixels speak for a class.

`gradcam` is quick and coarse: the region that speaks for the class. `idgi` is fine: the pixels that matter, for or
against. `integrated-gradients` is the classic that says which way each pixel counts, and noisy. `occlusion` covers one
place after the other and needs nothing but the answers.

Nothing here loads Keras or matplotlib before a map or a figure is made.
"""

from __future__ import annotations

from kerastl.explaining.explainer import METHODS, Explainer, Method
from kerastl.explaining.explanation import Explanation

__all__ = ["METHODS", "Explainer", "Explanation", "Method"]
