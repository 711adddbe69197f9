"""Maps of images: thumbnails laid out by similarity, on a page that needs no network.

Names are imported when they are first used. Layouts are UMAP's or scikit-learn's; here is what becomes of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.embedding_map._layout import arrange as arrange
    from kerastl.embedding_map._map_images import MapImages as MapImages
    from kerastl.embedding_map._write import WrittenMap as WrittenMap
    from kerastl.embedding_map._write import write_map as write_map

_MODULES = {
    "MapImages": "kerastl.embedding_map._map_images",
    "WrittenMap": "kerastl.embedding_map._write",
    "arrange": "kerastl.embedding_map._layout",
    "write_map": "kerastl.embedding_map._write",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
