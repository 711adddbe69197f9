"""Images of a Ray dataset or cluster: a classifier for its actors.

Names are imported when they are first used. `Classify` needs nothing of Ray itself: what calls it with batches may be
Spark or pandas as well. Ray comes with `pip install 'kerastl[ray]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.ray._actors import Job as Job
    from kerastl.ray._actors import classify_on_ray as classify_on_ray
    from kerastl.ray._actors import classifying_actors as classifying_actors
    from kerastl.ray._classify import Classify as Classify
    from kerastl.ray._dataset import classify_dataset as classify_dataset

_MODULES = {
    "Classify": "kerastl.ray._classify",
    "Job": "kerastl.ray._actors",
    "classify_dataset": "kerastl.ray._dataset",
    "classify_on_ray": "kerastl.ray._actors",
    "classifying_actors": "kerastl.ray._actors",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
