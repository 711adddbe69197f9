"""What every long run needs: a folder, its state on disk, a way to stop it, somebody who listens, rows kept on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.training._callback import RunCallback as RunCallback
    from kerastl.training._checkpoint import Checkpoint as Checkpoint
    from kerastl.training._feature_cache import FeatureCache as FeatureCache

_MODULES = {
    "Checkpoint": "kerastl.training._checkpoint",
    "FeatureCache": "kerastl.training._feature_cache",
    "RunCallback": "kerastl.training._callback",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
