"""Pre-training: a backbone learns from pictures that nobody has labelled.

`pretrain` does it all. The losses are functions of arrays; the learners are Keras models that `fit` trains on any
batches of views; `relative_spread`, `effective_rank` and `CollapseMonitor` tell whether features have collapsed.
Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastl.pretraining.health import CollapseError as CollapseError
    from kerastl.pretraining.health import CollapseMonitor as CollapseMonitor
    from kerastl.pretraining.health import effective_rank as effective_rank
    from kerastl.pretraining.health import relative_spread as relative_spread
    from kerastl.pretraining.learners import BYOL as BYOL
    from kerastl.pretraining.learners import BarlowTwins as BarlowTwins
    from kerastl.pretraining.learners import Learner as Learner
    from kerastl.pretraining.methods import METHODS as METHODS
    from kerastl.pretraining.neighbours import neighbour_accuracy as neighbour_accuracy
    from kerastl.pretraining.run import PreTrained as PreTrained
    from kerastl.pretraining.run import pretrain as pretrain
    from kerastl.pretraining.settings import Settings as Settings

_MODULES = {
    "BYOL": "learners",
    "BarlowTwins": "learners",
    "CollapseError": "health",
    "CollapseMonitor": "health",
    "Learner": "learners",
    "METHODS": "methods",
    "PreTrained": "run",
    "Settings": "settings",
    "effective_rank": "health",
    "neighbour_accuracy": "neighbours",
    "pretrain": "run",
    "relative_spread": "health",
}

__all__ = sorted(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return list(__all__)
