"""Sorting: images go into a folder for each class, and back.

Names are imported when they are first used; nothing here needs TensorFlow once the model is compiled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.sorting._result import SortedImage as SortedImage
    from kerastl.sorting._result import SortResult as SortResult
    from kerastl.sorting._sort import sort as sort
    from kerastl.sorting._undo import Undone as Undone
    from kerastl.sorting._undo import undo_sort as undo_sort

_MODULES = {
    "SortResult": "kerastl.sorting._result",
    "SortedImage": "kerastl.sorting._result",
    "Undone": "kerastl.sorting._undo",
    "sort": "kerastl.sorting._sort",
    "undo_sort": "kerastl.sorting._undo",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
