"""From vectors of many dimensions to places on a plane, near each other where the vectors are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Literal, TypeAlias, get_args

import numpy as np

from kerastl._base.extras import require_module
from kerastl._base.keras_import import quiet_import
from kerastl._base.text import listed
from kerastl.errors import KerastlError, UsageError

LayoutName: TypeAlias = Literal["auto", "umap", "tsne", "pca"]
"""How a map is laid out; see `arrange`."""

# Before neighbors are looked for: what is beyond the first components is mostly noise, and costs time.
_COMPONENTS = 50
_PERPLEXITY = 30
_ITERATIONS = 500
# Of fewer images there are no neighborhoods to keep.
_FEWEST = 8
# Places nearer than this, as a fraction of the map, would hide each other at every zoom.
_NEAREST = 1e-4
_GOLDEN_ANGLE = np.pi * (3 - 5**0.5)


@dataclass(frozen=True)
class LayoutMethod:
    """A way to lay out a map.

    Args:
        description: For people.
        place: From principal components `(n, k)` and a seed to places `(n, 2)`.
    """

    description: str
    place: Callable[[np.ndarray, int], np.ndarray]


def _umap(components: np.ndarray, seed: int) -> np.ndarray:
    with quiet_import():  # it imports TensorFlow where that is installed
        from umap import UMAP

    neighbors = min(15, len(components) - 1)
    return UMAP(n_neighbors=neighbors, metric="euclidean", random_state=seed, n_jobs=1).fit_transform(components)


def _tsne(components: np.ndarray, seed: int) -> np.ndarray:
    from sklearn.manifold import TSNE

    perplexity = min(_PERPLEXITY, (len(components) - 1) / 3)
    method = TSNE(2, perplexity=perplexity, max_iter=_ITERATIONS, init="pca", random_state=seed)
    return method.fit_transform(components)


def _pca(components: np.ndarray, seed: int) -> np.ndarray:
    return components[:, :2]


LAYOUTS = {
    "umap": LayoutMethod("UMAP", _umap),
    "tsne": LayoutMethod("t-SNE", _tsne),
    "pca": LayoutMethod("two principal components", _pca),
}
"""By name."""


def arrange(vectors: np.ndarray, layout: LayoutName = "auto", seed: int = 0) -> np.ndarray:
    """Lay vectors out on a plane, so that those near each other stay near.

    The vectors are reduced to their first 50 principal components, and these to two numbers. Distances between groups
    that are far apart mean little, in every such layout. The same vectors and seed give the same places on the same
    machine.

    Args:
        vectors: Shape (n, d), finite, at least one.
        layout: `umap` (McInnes et al. 2018, https://arxiv.org/abs/1802.03426) needs the package umap-learn. `tsne`
            is t-SNE (van der Maaten and Hinton 2008), as scikit-learn has it. `pca` takes the first two principal
            components. `auto` is UMAP where it is installed, else t-SNE. Fewer than 8 vectors are laid out by `pca`.
        seed: Of what is random, 0 or more.

    Returns:
        float32 of shape (n, 2), in [0, 1], no two at the same place.

    Raises:
        UsageError: An argument is wrong.
        KerastlError: The layout's package is not installed.

    Example:
        >>> import kerastl
        >>> from kerastl.embedding_map import arrange
        >>> vectors = kerastl.load("kerastl_mini").embed(["data/candle.jpg", "data/umbrella.png"])
        >>> arrange(vectors).shape
        (2, 2)
    """
    vectors = np.asarray(vectors, np.float32)
    if vectors.ndim != 2 or not vectors.size:
        raise UsageError(f"vectors must have the shape (n, d), at least one. Received: shape={vectors.shape}")
    if not np.isfinite(vectors).all():
        raise UsageError("vectors must be finite")
    if seed < 0:
        raise UsageError(f"seed must be 0 or more. Received: seed={seed}")
    method = LAYOUTS[layout_for(len(vectors), layout)]
    from threadpoolctl import threadpool_limits

    # One thread sums in one order. Of a few thousand images t-SNE is not slower for it, and far faster where other
    # processes keep the processors busy.
    with threadpool_limits(1):
        components = _components(vectors, seed)
        places = components[:, :2] if not components.any() else method.place(components, seed)
    return _apart(_fitted(np.asarray(places, np.float64)))


def layout_for(count: int, layout: LayoutName = "auto") -> str:
    """The layout of that many images, a name of `LAYOUTS`.

    Raises:
        UsageError: There is no such layout.
        KerastlError: Its package is not installed.
    """
    if layout not in get_args(LayoutName):
        raise UsageError(f"layout must be one of {listed(get_args(LayoutName))}. Received: {layout!r}")
    umap_is_there = find_spec("umap") is not None
    if layout == "umap" and not umap_is_there:
        raise KerastlError(
            "layout umap needs umap, which is not installed: pip install umap-learn, or take layout tsne"
        )
    require_module("sklearn")
    if count < _FEWEST:
        return "pca"
    if layout != "auto":
        return layout
    return "umap" if umap_is_there else "tsne"


def _components(vectors: np.ndarray, seed: int) -> np.ndarray:
    """The first principal components, float32 `(n, k)`, k at least 2; zeros where all vectors are the same."""
    from sklearn.decomposition import PCA

    wanted = min(_COMPONENTS, *vectors.shape)
    if not np.ptp(vectors, axis=0).any():
        return np.zeros((len(vectors), 2), np.float32)
    found = PCA(wanted, svd_solver="randomized", random_state=seed).fit_transform(vectors)
    return np.pad(found, ((0, 0), (0, max(0, 2 - wanted)))).astype(np.float32)


def _fitted(places: np.ndarray) -> np.ndarray:
    """Shift and scale places into [0, 1], centered, proportions kept."""
    low, high = places.min(axis=0), places.max(axis=0)
    return 0.5 + (places - (low + high) / 2) / (max(high - low) or 1)


def _apart(places: np.ndarray) -> np.ndarray:
    """Move what lies at one place a little apart, on a spiral: copies of an image would hide each other."""
    cells = np.round(places / _NEAREST).astype(np.int64)
    _, inverse, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.ravel()
    order = np.argsort(inverse, kind="stable")
    turn = np.empty(len(places), np.int64)
    turn[order] = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    moved, angle = turn > 0, turn * _GOLDEN_ANGLE
    radius = 5 * _NEAREST * np.sqrt(turn)
    shift = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return np.clip(np.where(moved[:, None], places + shift, places), 0, 1).astype(np.float32)
