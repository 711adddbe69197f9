"""Metrics that training, evaluation and answers share, a module a task: plain numbers from arrays, NumPy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl._metrics.classification import LEVEL as LEVEL
    from kerastl._metrics.classification import best_epoch as best_epoch
    from kerastl._metrics.classification import log_losses as log_losses
    from kerastl._metrics.classification import ranks as ranks
    from kerastl._metrics.classification import top_k as top_k
    from kerastl._metrics.classification import wilson_interval as wilson_interval

_MODULES = dict.fromkeys(
    ("LEVEL", "best_epoch", "log_losses", "ranks", "top_k", "wilson_interval"), "kerastl._metrics.classification"
)

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
