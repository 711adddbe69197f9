"""Pre-training: a backbone learns from images that nobody has labeled.

`pretrain` does it all. The losses are functions of arrays; the learners are Keras models that `fit` trains on any
batches of views; `relative_spread`, `effective_rank` and `CollapseMonitor` tell whether features have collapsed.
Names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.pretraining._feature_quality import CollapseError as CollapseError
    from kerastl.pretraining._feature_quality import CollapseMonitor as CollapseMonitor
    from kerastl.pretraining._feature_quality import effective_rank as effective_rank
    from kerastl.pretraining._feature_quality import neighbor_accuracy as neighbor_accuracy
    from kerastl.pretraining._feature_quality import relative_spread as relative_spread
    from kerastl.pretraining._learners import BYOL as BYOL
    from kerastl.pretraining._learners import BarlowTwins as BarlowTwins
    from kerastl.pretraining._learners import Learner as Learner
    from kerastl.pretraining._methods import METHODS as METHODS
    from kerastl.pretraining._methods import PretrainingMethod as PretrainingMethod
    from kerastl.pretraining._methods import register_method as register_method
    from kerastl.pretraining._pretrain import pretrain as pretrain
    from kerastl.pretraining._run import PreTrained as PreTrained
    from kerastl.pretraining._settings import Settings as Settings

_MODULES = {
    "BYOL": "kerastl.pretraining._learners",
    "BarlowTwins": "kerastl.pretraining._learners",
    "CollapseError": "kerastl.pretraining._feature_quality",
    "CollapseMonitor": "kerastl.pretraining._feature_quality",
    "Learner": "kerastl.pretraining._learners",
    "METHODS": "kerastl.pretraining._methods",
    "PreTrained": "kerastl.pretraining._run",
    "PretrainingMethod": "kerastl.pretraining._methods",
    "Settings": "kerastl.pretraining._settings",
    "effective_rank": "kerastl.pretraining._feature_quality",
    "neighbor_accuracy": "kerastl.pretraining._feature_quality",
    "pretrain": "kerastl.pretraining._pretrain",
    "register_method": "kerastl.pretraining._methods",
    "relative_spread": "kerastl.pretraining._feature_quality",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
