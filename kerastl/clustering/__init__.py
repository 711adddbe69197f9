"""Clustering: images of an index become groups of images that belong together, with names.

Names are imported when they are first used; nothing here needs TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.clustering._cluster import cluster as cluster
    from kerastl.clustering._result import Cluster as Cluster
    from kerastl.clustering._result import ClusteredImage as ClusteredImage
    from kerastl.clustering._result import Clusters as Clusters

_MODULES = {
    "Cluster": "kerastl.clustering._result",
    "ClusteredImage": "kerastl.clustering._result",
    "Clusters": "kerastl.clustering._result",
    "cluster": "kerastl.clustering._cluster",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
