"""What estimators take for images, and the networks that make vectors of them."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import numpy as np

from kerastl.embedding import Embedder as ImageEmbedder
from kerastl.embedding import load_embedder
from kerastl.errors import UsageError

_KINDS = (
    "X must be a list, a column or an array of paths or images, one a place, or an array of shape "
    "(n, height, width, channels)"
)
_NETWORKS = 4
"""That are kept open, so that copies of an estimator share them."""


def as_images(X: Any) -> Any:
    """Take what `fit` and `transform` are given: a list of images, or an array of four axes.

    Raises:
        UsageError: It is something else, or empty.
    """
    if hasattr(X, "to_numpy"):  # pandas, polars
        X = X.to_numpy()
    if isinstance(X, np.ndarray):
        if X.ndim == 2 and X.shape[1] == 1 and X.dtype.kind in "OUT":  # a column of a table
            X = X[:, 0]
        if X.ndim not in (1, 4) or (X.ndim == 1 and X.dtype.kind not in "OUT"):
            raise UsageError(f"{_KINDS}. Received: shape={X.shape}, dtype={X.dtype}")
        X = list(X) if X.ndim == 1 else X
    elif not isinstance(X, (list, tuple)):
        raise UsageError(f"{_KINDS}. Received: {type(X).__name__}")
    if not len(X):
        raise UsageError(f"{_KINDS}. Received: 0 sample(s)")
    return X


def vectors(images: Any, embedder: ImageEmbedder) -> np.ndarray:
    """Compute the vectors of what `as_images` gives: shape (n, d).

    Raises:
        UsageError: A place holds several images, such as a folder.
        ImageError: An image cannot be read.
    """
    found = embedder.classifier.embed(images, features=embedder.features)
    if len(found) != len(images):
        raise UsageError(f"{_KINDS}; folders and patterns are none. Received: {len(images)} places")
    return found.astype(embedder.dtype, copy=False)


def loaded(
    model: str | os.PathLike[str] | None, features: str, dtype: str, resize: str | None, engine: str, trust: bool
) -> ImageEmbedder:
    """The network for the parameters of an estimator; those used last stay open."""
    name = None if model is None else os.fspath(model)
    changed = None
    if name is not None and os.path.exists(name):  # noqa: PTH110 - names of networks are no paths
        changed = os.stat(name).st_mtime_ns  # noqa: PTH116 - likewise
    return _loaded(name, features, dtype, resize, engine, trust, changed)


@lru_cache(maxsize=_NETWORKS)
def _loaded(model: Any, features: Any, dtype: Any, resize: Any, engine: str, trust: bool, changed: Any) -> Any:
    return load_embedder(model, features=features, dtype=dtype, resize=resize, engine=engine, trust=trust)
