"""Labelled pictures: find them, check them, split them, feed them to training.

Everything here is imported when it is first used; TensorFlow only by `pipeline`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kerastl.data.augmentation import Augmentation, Colour, Crop, CutMix, Flip, MixUp, RandAugment, Rotate
    from kerastl.data.checking import check
    from kerastl.data.dataset import Dataset, Item, LeftOut, Split
    from kerastl.data.findings import CheckReport, Evidence, Finding
    from kerastl.data.inspection import Inspection, inspect
    from kerastl.data.pipeline import Pictures
    from kerastl.data.scanning import scan
    from kerastl.data.splitting import read_split, split, write_split

_HOMES = {
    **dict.fromkeys(
        ("Augmentation", "Colour", "Crop", "CutMix", "Flip", "MixUp", "RandAugment", "Rotate"), "augmentation"
    ),
    "Pictures": "pipeline",
    "Dataset": "dataset",
    "Item": "dataset",
    "LeftOut": "dataset",
    "Split": "dataset",
    "CheckReport": "findings",
    "Evidence": "findings",
    "Finding": "findings",
    "check": "checking",
    "Inspection": "inspection",
    "inspect": "inspection",
    "read_split": "splitting",
    "scan": "scanning",
    "split": "splitting",
    "write_split": "splitting",
}
__all__ = [
    "Augmentation",
    "CheckReport",
    "Colour",
    "Crop",
    "CutMix",
    "Dataset",
    "Evidence",
    "Finding",
    "Flip",
    "Inspection",
    "Item",
    "LeftOut",
    "MixUp",
    "Pictures",
    "RandAugment",
    "Rotate",
    "Split",
    "check",
    "inspect",
    "read_split",
    "scan",
    "split",
    "write_split",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
