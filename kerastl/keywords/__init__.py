"""Keywords of images, as photo programs read them: in XMP files beside images, or inside.

Names are imported when they are first used; only the standard library is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.keywords._embedding import embed_keywords as embed_keywords
    from kerastl.keywords._reading import read_keywords as read_keywords
    from kerastl.keywords._sidecar import write_sidecar as write_sidecar
    from kerastl.keywords._written import Written as Written

_MODULES = {
    "Written": "kerastl.keywords._written",
    "embed_keywords": "kerastl.keywords._embedding",
    "read_keywords": "kerastl.keywords._reading",
    "write_sidecar": "kerastl.keywords._sidecar",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
