"""Estimators of scikit-learn's kind: images go into its pipelines, searches and cross-validation.

Names are imported when they are first used, and scikit-learn with them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastl._base.lazy import lazy_names

if TYPE_CHECKING:
    from kerastl.sklearn._classifier import KerastlClassifier as KerastlClassifier
    from kerastl.sklearn._embedder import Embedder as Embedder
    from kerastl.sklearn._head import RidgeHeadClassifier as RidgeHeadClassifier

_MODULES = {
    "Embedder": "kerastl.sklearn._embedder",
    "KerastlClassifier": "kerastl.sklearn._classifier",
    "RidgeHeadClassifier": "kerastl.sklearn._head",
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _MODULES)
