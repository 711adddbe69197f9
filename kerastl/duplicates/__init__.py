"""Duplicates: cropped, mirrored, resized and recompressed copies among the images of an index.

Names are imported when they are first used; nothing here needs TensorFlow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.duplicates._find import find_duplicates as find_duplicates
    from kerastl.duplicates._result import Copy as Copy
    from kerastl.duplicates._result import Duplicates as Duplicates

_MODULES = {
    "Copy": "kerastl.duplicates._result",
    "Duplicates": "kerastl.duplicates._result",
    "find_duplicates": "kerastl.duplicates._find",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
