"""Indexes: the vectors of many images in a database of their own, which is added to, searched and looked through.

Names are imported when they are first used. LanceDB holds the vectors: `pip install 'kerastl[search]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.index._added import Added as Added
    from kerastl.index._build import build as build
    from kerastl.index._facts import IndexFacts as IndexFacts
    from kerastl.index._index import Index as Index
    from kerastl.index._similar import Similar as Similar
    from kerastl.index._similar import SimilarImages as SimilarImages
    from kerastl.index._similar import similar as similar

_MODULES = {
    "Added": "kerastl.index._added",
    "Index": "kerastl.index._index",
    "IndexFacts": "kerastl.index._facts",
    "Similar": "kerastl.index._similar",
    "SimilarImages": "kerastl.index._similar",
    "build": "kerastl.index._build",
    "similar": "kerastl.index._similar",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
