"""Labeled images: find them, check them, split them, feed them to training.

Everything here is imported when it is first used; TensorFlow only by `pipeline`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.data._augmentation import Augmentation as Augmentation
    from kerastl.data._augmentation import Color as Color
    from kerastl.data._augmentation import Crop as Crop
    from kerastl.data._augmentation import CutMix as CutMix
    from kerastl.data._augmentation import Flip as Flip
    from kerastl.data._augmentation import MixUp as MixUp
    from kerastl.data._augmentation import RandAugment as RandAugment
    from kerastl.data._augmentation import Rotate as Rotate
    from kerastl.data._check import check as check
    from kerastl.data._dataset import Dataset as Dataset
    from kerastl.data._dataset import Item as Item
    from kerastl.data._dataset import LeftOut as LeftOut
    from kerastl.data._dataset import Split as Split
    from kerastl.data._findings import CheckReport as CheckReport
    from kerastl.data._findings import Evidence as Evidence
    from kerastl.data._findings import Finding as Finding
    from kerastl.data._inspection import Inspection as Inspection
    from kerastl.data._inspection import inspect as inspect
    from kerastl.data._layout_registry import LAYOUTS as LAYOUTS
    from kerastl.data._layout_registry import DataSource as DataSource
    from kerastl.data._layout_registry import Layout as Layout
    from kerastl.data._layout_registry import register_layout as register_layout
    from kerastl.data._pipeline import Images as Images
    from kerastl.data._scan import scan as scan
    from kerastl.data._split import read_split as read_split
    from kerastl.data._split import split as split
    from kerastl.data._split import write_split as write_split
    from kerastl.data._split_strategy import SPLIT_STRATEGIES as SPLIT_STRATEGIES
    from kerastl.data._split_strategy import SplitStrategy as SplitStrategy
    from kerastl.data._split_strategy import register_split_strategy as register_split_strategy

_MODULES = {
    "Augmentation": "kerastl.data._augmentation",
    "CheckReport": "kerastl.data._findings",
    "Color": "kerastl.data._augmentation",
    "Crop": "kerastl.data._augmentation",
    "CutMix": "kerastl.data._augmentation",
    "DataSource": "kerastl.data._layout_registry",
    "Dataset": "kerastl.data._dataset",
    "Evidence": "kerastl.data._findings",
    "Finding": "kerastl.data._findings",
    "Flip": "kerastl.data._augmentation",
    "Images": "kerastl.data._pipeline",
    "Inspection": "kerastl.data._inspection",
    "Item": "kerastl.data._dataset",
    "LAYOUTS": "kerastl.data._layout_registry",
    "Layout": "kerastl.data._layout_registry",
    "LeftOut": "kerastl.data._dataset",
    "MixUp": "kerastl.data._augmentation",
    "RandAugment": "kerastl.data._augmentation",
    "Rotate": "kerastl.data._augmentation",
    "SPLIT_STRATEGIES": "kerastl.data._split_strategy",
    "Split": "kerastl.data._dataset",
    "SplitStrategy": "kerastl.data._split_strategy",
    "check": "kerastl.data._check",
    "inspect": "kerastl.data._inspection",
    "read_split": "kerastl.data._split",
    "register_layout": "kerastl.data._layout_registry",
    "register_split_strategy": "kerastl.data._split_strategy",
    "scan": "kerastl.data._scan",
    "split": "kerastl.data._split",
    "write_split": "kerastl.data._split",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
