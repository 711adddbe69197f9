"""Embeddings: vectors of images that are near each other where images are alike.

Names are imported when they are first used; nothing here needs TensorFlow once the network is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.embedding._embed import Embedded as Embedded
    from kerastl.embedding._embed import embed as embed
    from kerastl.embedding._embedder import EmbeddedImage as EmbeddedImage
    from kerastl.embedding._embedder import Embedder as Embedder
    from kerastl.embedding._embedder import load_embedder as load_embedder

_MODULES = {
    "Embedded": "kerastl.embedding._embed",
    "EmbeddedImage": "kerastl.embedding._embedder",
    "Embedder": "kerastl.embedding._embedder",
    "embed": "kerastl.embedding._embed",
    "load_embedder": "kerastl.embedding._embedder",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
