"""Recommending: images of an index like those that somebody likes, and unlike those that somebody does not.

Names are imported when they are first used; nothing here needs TensorFlow once the network is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.recommending._evaluation import RecommendationQuality as RecommendationQuality
    from kerastl.recommending._evaluation import evaluate_recommendations as evaluate_recommendations
    from kerastl.recommending._recommend import Recommendation as Recommendation
    from kerastl.recommending._recommend import recommend as recommend

_MODULES = {
    "Recommendation": "kerastl.recommending._recommend",
    "RecommendationQuality": "kerastl.recommending._evaluation",
    "evaluate_recommendations": "kerastl.recommending._evaluation",
    "recommend": "kerastl.recommending._recommend",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
