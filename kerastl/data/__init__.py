"""Labelled pictures: find them, check them, split them, feed them to training.

Everything here is imported when it is first used; TensorFlow only by `pipeline`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastl.data.dataset import Dataset, Item, Split
    from kerastl.data.scanning import scan

_HOMES = {
    "Dataset": "dataset",
    "Item": "dataset",
    "Split": "dataset",
    "scan": "scanning",
}
__all__ = ["Dataset", "Item", "Split", "scan"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
