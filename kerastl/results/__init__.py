"""Results of many images in a folder of parts: how they are written, and how they are read together.

Names are imported when they are first used; nothing here needs TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.results._reading import Results as Results
    from kerastl.results._reading import ShardState as ShardState
    from kerastl.results._reading import open_results as open_results

_MODULES = {
    "Results": "kerastl.results._reading",
    "ShardState": "kerastl.results._reading",
    "open_results": "kerastl.results._reading",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
